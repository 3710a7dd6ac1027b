namespace LlmOps.EngineEmulator.Tests;

/// <summary>Files of the repository that tests read where they stand.</summary>
internal static class Repository
{
    public static string Root { get; } = Find();

    public static string Path(string relative) => System.IO.Path.Combine(Root, relative);

    private static string Find()
    {
        for (var directory = new DirectoryInfo(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            if (File.Exists(System.IO.Path.Combine(directory.FullName, "Operator.sln")))
                return directory.FullName;
        }

        throw new DirectoryNotFoundException("no Operator.sln above " + AppContext.BaseDirectory);
    }
}
