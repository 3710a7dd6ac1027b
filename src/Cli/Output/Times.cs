using System.Globalization;

namespace LlmOps.Cli.Output;

/// <summary>Lengths and points of time for people.</summary>
internal static class Times
{
    /// <summary>Two units at most, as <c>kubectl get</c> shows ages: <c>45s</c>, <c>3m20s</c>, <c>5h10m</c>, <c>3d4h</c>. Below 0 counts as 0.</summary>
    public static string Short(TimeSpan length) => length switch
    {
        { TotalSeconds: < 1 } => "0s",
        { TotalMinutes: < 2 } => $"{(int)length.TotalSeconds}s",
        { TotalHours: < 1 } => Two((int)length.TotalMinutes, "m", length.Seconds, "s"),
        { TotalDays: < 1 } => Two((int)length.TotalHours, "h", length.Minutes, "m"),
        { TotalDays: < 10 } => Two((int)length.TotalDays, "d", length.Hours, "h"),
        _ => $"{(int)length.TotalDays}d",
    };

    /// <summary>Time since then.</summary>
    public static string Age(DateTimeOffset? then, DateTimeOffset now) => then is { } time ? Short(now - time) : "unknown";

    /// <summary><c>in 5m</c> or <c>5m ago</c>.</summary>
    public static string Distance(DateTimeOffset then, DateTimeOffset now) => then > now ? $"in {Short(then - now)}" : $"{Short(now - then)} ago";

    /// <summary>In UTC, to the second.</summary>
    public static string Point(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>Of the day, in UTC, to the second.</summary>
    public static string Clock(DateTimeOffset time) => time.UtcDateTime.ToString("HH:mm:ss", CultureInfo.InvariantCulture);

    private static string Two(int more, string moreUnit, int less, string lessUnit) => less == 0 ? $"{more}{moreUnit}" : $"{more}{moreUnit}{less}{lessUnit}";
}
