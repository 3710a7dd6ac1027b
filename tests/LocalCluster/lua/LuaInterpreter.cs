using LlmOps.LocalCluster.Processes;

namespace LlmOps.LocalCluster;

/// <summary>A real Lua 5.1, the version of Argo CD's scripts, from Debian's package, unpacked and not installed.</summary>
public static class LuaInterpreter
{
    /// <summary>Runs a script and gives the lines that it printed.</summary>
    /// <exception cref="InvalidOperationException">The package cannot be had, or the script failed; the message says why.</exception>
    public static async Task<IReadOnlyList<string>> RunAsync(string script, CancellationToken ct = default)
    {
        var fetch = Workspace.Source("lua", "fetch.sh");
        await RunAsync("bash", [fetch], ct);
        var root = Path.Combine(Workspace.Work, "lua", "root");
        var file = Path.Combine(Directory.CreateTempSubdirectory("lua").FullName, "script.lua");
        await File.WriteAllTextAsync(file, script, ct);
        return await RunAsync("env", [$"LD_LIBRARY_PATH={Path.Combine(root, "lib", "x86_64-linux-gnu")}", Path.Combine(root, "usr", "bin", "lua5.1"), file], ct);
    }

    private static async Task<IReadOnlyList<string>> RunAsync(string command, string[] arguments, CancellationToken ct)
    {
        var output = new List<string>();
        var code = await BuildScript.RunCommandAsync(command, arguments, line => { lock (output) output.Add(line); }, ct);
        return code == 0 ? output : throw new InvalidOperationException($"{command} {string.Join(' ', arguments)} failed with exit code {code}:\n{string.Join('\n', output.TakeLast(10))}");
    }
}
