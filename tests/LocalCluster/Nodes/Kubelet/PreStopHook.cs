using System.Globalization;
using System.Text.RegularExpressions;
using LlmOps.Kubernetes;

namespace LlmOps.LocalCluster.Nodes.Kubelet;

/// <summary>A preStop hook as far as a drain needs it: sleeping. Other hooks do nothing here.</summary>
internal static partial class PreStopHook
{
    /// <summary>How long the hook sleeps: <c>sleep.seconds</c>, or the number in an exec of <c>sleep N</c>.</summary>
    public static TimeSpan Sleep(LifecycleHandler? hook)
    {
        if (hook?.Sleep is { } sleep)
            return TimeSpan.FromSeconds(sleep.Seconds);
        var command = string.Join(' ', hook?.Exec?.Command ?? []);
        return SleepCommand().Match(command) is { Success: true } match
            ? TimeSpan.FromSeconds(double.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture))
            : TimeSpan.Zero;
    }

    [GeneratedRegex(@"\bsleep\s+(\d+(?:\.\d+)?)")]
    private static partial Regex SleepCommand();
}
