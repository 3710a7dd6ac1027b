namespace LlmOps.Gateway.Tests.Fakes;

/// <summary>Files of this repository.</summary>
internal static class Repository
{
    public static string Path(string relative)
    {
        var directory = AppContext.BaseDirectory;
        while (!File.Exists(System.IO.Path.Combine(directory, "Operator.sln")))
            directory = System.IO.Path.GetDirectoryName(directory) ?? throw new InvalidOperationException("not inside the repository");
        return System.IO.Path.Combine(directory, relative);
    }
}
