namespace LlmOps.LocalCluster;

/// <summary>Where the repository is, and where everything that is downloaded, built or run for tests goes.</summary>
public static class Workspace
{
    /// <summary>Environment variable that moves the working folder, so that several checkouts share one cache.</summary>
    public const string EnvironmentVariable = "LLMOPS_WORK";

    /// <summary>The folder that holds <c>Operator.sln</c>.</summary>
    /// <exception cref="DirectoryNotFoundException">This assembly does not run from inside the repository.</exception>
    public static string Repository { get; } = FindRepository();

    /// <summary>The ignored working folder: <c>$LLMOPS_WORK</c>, else <c>.work</c> in the repository.</summary>
    public static string Work =>
        Path.GetFullPath(Environment.GetEnvironmentVariable(EnvironmentVariable) is { Length: > 0 } set ? set : Path.Combine(Repository, ".work"));

    /// <summary>A path of tests/LocalCluster's sources.</summary>
    public static string Source(params string[] parts) => Path.Combine([Repository, "tests", "LocalCluster", .. parts]);

    /// <summary>
    /// A new, empty folder under <c>$LLMOPS_WORK/run</c>. Its name holds this process's id: folders whose process has gone
    /// (a killed test run) are removed on the way.
    /// </summary>
    public static string CreateRunDirectory(string prefix)
    {
        var run = Directory.CreateDirectory(Path.Combine(Work, "run")).FullName;
        foreach (var stale in Directory.EnumerateDirectories(run).Where(OwnerHasGone))
            TryDelete(stale);
        var path = Path.Combine(run, $"{prefix}.{Environment.ProcessId}.{Guid.NewGuid().ToString("N")[..6]}");
        return Directory.CreateDirectory(path).FullName;
    }

    /// <summary>Deletes a folder; what still cannot be deleted is left to a later run.</summary>
    internal static void TryDelete(string directory)
    {
        try
        {
            Directory.Delete(directory, recursive: true);
        }
        catch (IOException)
        {
            // Another process sweeps the same folder, or a dying child still writes into it.
        }
        catch (UnauthorizedAccessException)
        {
            // Belongs to another user.
        }
    }

    private static bool OwnerHasGone(string directory) =>
        Path.GetFileName(directory).Split('.') is [_, var pid, _] && int.TryParse(pid, out _) && !Directory.Exists($"/proc/{pid}");

    private static string FindRepository()
    {
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "Operator.sln")))
                return at.FullName;
        }

        throw new DirectoryNotFoundException($"Operator.sln is not in any folder above {AppContext.BaseDirectory}: run from a build inside the repository.");
    }
}
