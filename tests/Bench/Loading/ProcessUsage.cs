using System.Globalization;

namespace LlmOps.Bench.Loading;

/// <summary>CPU time and memory of a process and its children, from /proc.</summary>
internal static class ProcessUsage
{
    /// <summary>User and system time since the start. A tick of the kernel is 10 ms on every common configuration.</summary>
    public static TimeSpan Cpu(int pid) => TimeSpan.FromMilliseconds(10 * Family(pid).Sum(Ticks));

    /// <summary>Resident memory in MiB; pages that processes share count for each.</summary>
    public static double RssMiB(int pid) => Family(pid).Sum(member => Memory(member, "VmRSS:")) / 1024.0;

    /// <summary>The most resident memory that the process itself had so far, in MiB.</summary>
    public static double PeakRssMiB(int pid) => Memory(pid, "VmHWM:") / 1024.0;

    private static IEnumerable<int> Family(int pid) => Directory.EnumerateDirectories("/proc")
        .Select(folder => int.TryParse(Path.GetFileName(folder), out var id) ? id : 0)
        .Where(id => id == pid || (id > 0 && Fields(id) is { } fields && fields[1] == pid.ToString(CultureInfo.InvariantCulture)));

    private static long Ticks(int pid) => Fields(pid) is { } fields
        ? long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture)
        : 0;

    private static long Memory(int pid, string key)
    {
        var line = File.ReadLines($"/proc/{pid}/status").First(line => line.StartsWith(key, StringComparison.Ordinal));
        return long.Parse(line.Split(':')[1].Replace("kB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture);
    }

    /// <summary>What follows the name in /proc/PID/stat (proc(5)): state, parent, …; null where the process has gone.</summary>
    private static string[]? Fields(int pid)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            return stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (IOException)
        {
            return null;
        }
    }
}
