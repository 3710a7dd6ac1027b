using LlmOps.LocalCluster;
using LlmOps.LocalCluster.Processes;
using Xunit;

namespace LlmOps.EndToEnd.TestBed;

/// <summary>What <c>make demo</c> and <c>make demo-down</c> find at the very first time.</summary>
public sealed class DemoTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task Where_no_demo_ever_ran_there_is_nothing_to_end()
    {
        var work = Directory.CreateTempSubdirectory("demo").FullName;
        await using var demo = await ChildProcess.StartAsync(new()
        {
            Executable = "dotnet",
            Arguments = [Path.Combine(AppContext.BaseDirectory, "LlmOps.Demo.dll"), "down"],
            Environment = new Dictionary<string, string?> { [Workspace.EnvironmentVariable] = Path.Combine(work, "none") },
            LogFile = Path.Combine(work, "log"),
        });
        var code = await demo.Exited.WaitAsync(Patience);
        Assert.True(code == 0, demo.LogTail());
        Directory.Delete(work, recursive: true);
    }
}
