using System.Globalization;
using System.Text.RegularExpressions;

namespace LlmOps.Rollouts.Tests.Timelines;

/// <summary>Reads the short forms of the timelines.</summary>
internal static partial class TimelineText
{
    public static TimeSpan Time(string text)
    {
        var match = TimePattern().Match(text);
        if (!match.Success)
        {
            throw new FormatException($"not a time: {text}");
        }

        var number = double.Parse(match.Groups["number"].Value, CultureInfo.InvariantCulture);
        return match.Groups["unit"].Value switch
        {
            "ms" => TimeSpan.FromMilliseconds(number),
            "s" => TimeSpan.FromSeconds(number),
            "m" => TimeSpan.FromMinutes(number),
            _ => TimeSpan.FromHours(number),
        };
    }

    public static Release? Release(string text) => text == "none" ? null : text.Split('/') is [var hash, var serving, var prompt]
        ? new(hash, serving, prompt)
        : throw new FormatException($"not HASH/SERVING/PROMPT: {text}");

    public static Step Step(string text) => text.Split(' ') switch
    {
        ["gate", var gate] => new GateStep(gate),
        ["mirror", var percent, "for", var hold, "min", var requests] => new MirrorStep(new(Number(percent), 8), Time(hold), Number(requests)),
        ["gates", .. var gates] => new GateStep(gates.ToEquatableArray()),
        ["approve", var timeout] => new ApproveStep(Time(timeout)),
        ["weight", var weight, "for", var hold, "min", var requests] => new WeightStep(Number(weight), Time(hold), Number(requests)),
        _ => throw new FormatException($"not a step: {text}"),
    };

    public static AbsoluteLimit Limit(string text) => text.Split(' ') switch
    {
        ["errors", [.. var percent, '%']] => new("errors", null, double.Parse(percent, CultureInfo.InvariantCulture) / 100, $"limit {text}"),
        [var key, ['p', .. var quantile]] => new(key.Split(':')[0], key, 1 - (Number(quantile) / 100.0), $"limit {text}"),
        _ => throw new FormatException($"not a limit: {text}"),
    };

    public static EquatableArray<OverLimit> Over(Dictionary<string, string> counts) => counts
        .Select(count => count.Value.Split(" of ") is [var over, var of] ? new OverLimit(count.Key, Number(over), Number(of)) : throw new FormatException($"not counts: {count.Value}"))
        .ToEquatableArray();

    public static PodsObservation Pods(string servingHash, string text)
    {
        var match = PodsPattern().Match(text);
        if (!match.Success)
        {
            throw new FormatException($"not pods: {text}");
        }

        var ready = Number(match.Groups["ready"].Value);
        var desired = match.Groups["desired"].Success ? Number(match.Groups["desired"].Value) : ready;
        var problem = match.Groups["reason"].Success ? new Problem(match.Groups["reason"].Value, match.Groups["message"].Value) : null;
        var start = match.Groups["start"].Success ? Enum.Parse<StartPhase>(match.Groups["start"].Value) : StartPhase.Scheduling;
        return new(servingHash, desired, ready, match.Groups["cold"].Success ? 0 : ready, problem, match.Groups["inFlight"].Success ? Number(match.Groups["inFlight"].Value) : null, start,
            match.Groups["unauthorized"].Success ? Number(match.Groups["unauthorized"].Value) : 0,
            match.Groups["listed"].Success ? Number(match.Groups["listed"].Value) : null);
    }

    public static CapacityObservation Room(string text) => text.Split(": ", 2) is [var numbers, var arithmetic] && numbers.Split(' ') is [var hash, .. var fits]
        ? new(hash, fits.Select(Number).ToEquatableArray(), arithmetic)
        : throw new FormatException($"not HASH N N N: WHY: {text}");

    public static StartDeadlines Deadlines(StartDeadlines before, Dictionary<string, string> edits) => new(
        edits.TryGetValue("scheduling", out var scheduling) ? Time(scheduling) : before.Scheduling,
        edits.TryGetValue("imagePull", out var imagePull) ? Time(imagePull) : before.ImagePull,
        edits.TryGetValue("load", out var load) ? Time(load) : before.Load,
        edits.TryGetValue("warmUp", out var warmUp) ? Time(warmUp) : before.WarmUp);

    public static (string Gate, Verdict? Verdict, string Reason, string Message) Gate(string text)
    {
        var match = GatePattern().Match(text);
        if (!match.Success)
        {
            throw new FormatException($"not a gate: {text}");
        }

        var word = match.Groups["verdict"].Value;
        Verdict? verdict = Enum.TryParse<Verdict>(word, out var value) ? value : null;
        return (match.Groups["gate"].Value, verdict, word, match.Groups["message"].Value);
    }

    public static CheckPlan Check(string text) => text.Split(' ') is [var name, "failures", var failures, "fresh", var fresh]
        ? new(name, Number(failures), Time(fresh))
        : throw new FormatException($"not a check: {text}");

    public static (string Name, Verdict Verdict, TimeSpan? At, string Message) Sample(string text)
    {
        var match = SamplePattern().Match(text);
        if (!match.Success)
        {
            throw new FormatException($"not a sample: {text}");
        }

        TimeSpan? at = match.Groups["at"].Success ? Time(match.Groups["at"].Value) : null;
        return (match.Groups["name"].Value, Enum.Parse<Verdict>(match.Groups["verdict"].Value), at, match.Groups["message"].Value);
    }

    public static RequestedAction Action(string text, string name, DateTimeOffset at)
    {
        var match = ActionPattern().Match(text);
        if (!match.Success)
        {
            throw new FormatException($"not an action: {text}");
        }

        string? Of(string group) => match.Groups[group].Success ? match.Groups[group].Value : null;
        return new($"uid-{name}", name, Enum.Parse<ActionKind>(match.Groups["kind"].Value), Of("release"), Of("step") is { } step ? Number(step) : null, Of("by"), Of("reason"), at);
    }

    public static KnownRelease Known(string text) => text.Split(" : ") is [var release, var problem] ? new(Release(release)!, problem) : new(Release(text)!);

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^(?<number>[0-9.]+)(?<unit>ms|s|m|h)$")]
    private static partial Regex TimePattern();

    [GeneratedRegex(@"^(?<ready>\d+)( of (?<desired>\d+))?(?<cold> cold)?( listed (?<listed>\d+))?( unauthorized (?<unauthorized>\d+))?( answering (?<inFlight>\d+))?( at (?<start>[A-Za-z]+))?( (?<reason>[A-Za-z]+): (?<message>.+))?$")]
    private static partial Regex PodsPattern();

    [GeneratedRegex(@"^(?<name>\S+) (?<verdict>[A-Za-z]+)( at (?<at>\S+))?: (?<message>.+)$")]
    private static partial Regex SamplePattern();

    [GeneratedRegex(@"^(?<kind>[A-Za-z]+)( (?<release>(?!step |by )\S+))?( step (?<step>\d+))?( by (?<by>[^:]+))?(: (?<reason>.+))?$")]
    private static partial Regex ActionPattern();

    [GeneratedRegex(@"^(?<gate>\S+) (?<verdict>[A-Za-z]+): (?<message>.+)$")]
    private static partial Regex GatePattern();

    /// <summary><c>25</c>, <c>unknown</c>, <c>25 REASON: message</c>, <c>none</c>.</summary>
    public static TrafficObservation? Route(string text)
    {
        if (text == "none")
        {
            return null;
        }

        var words = text.Split(' ', 2);
        var problem = words.Length == 1 ? null : words[1].Split(": ", 2);
        return new(
            words[0] == "unknown" ? null : int.Parse(words[0], CultureInfo.InvariantCulture),
            problem is null ? null : new Problem(problem[0], problem[1]));
    }

    /// <summary><c>PROCESS TRACK REQUESTS</c>, and maybe <c>errors COUNT</c>.</summary>
    public static CounterReading Counter(string text, DateTimeOffset now)
    {
        var words = text.Split(' ');
        return new(words[0], words[1] == "candidate", long.Parse(words[2], CultureInfo.InvariantCulture), words.Length > 4 ? long.Parse(words[4], CultureInfo.InvariantCulture) : 0, now);
    }
}
