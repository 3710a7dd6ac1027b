using System.Globalization;
using System.Runtime.InteropServices;

namespace LlmOps.Bench.Reporting;

/// <summary>The class of the machine: numbers of two machines are not comparable.</summary>
/// <param name="LoadAverage">Of the last minute, before the start: above 0.5 others were at work too.</param>
internal sealed record Machine(string Cpu, int Cores, long MemoryGiB, string Kernel, string Runtime, double LoadAverage)
{
    public static Machine Describe() => new(
        Value("/proc/cpuinfo", "model name") ?? RuntimeInformation.OSArchitecture.ToString(),
        Environment.ProcessorCount,
        GC.GetGCMemoryInfo().TotalAvailableMemoryBytes >> 30,
        RuntimeInformation.OSDescription,
        RuntimeInformation.FrameworkDescription,
        double.Parse(File.ReadAllText("/proc/loadavg").Split(' ')[0], CultureInfo.InvariantCulture));

    private static string? Value(string file, string key) =>
        File.ReadLines(file).FirstOrDefault(line => line.StartsWith(key, StringComparison.Ordinal))?.Split(':', 2)[1].Trim();
}
