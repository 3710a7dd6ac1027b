using System.CommandLine;
using LlmOps.Api;

namespace LlmOps.Cli;

/// <summary>Options that are a length of time, written as in manifests: <c>90s</c>, <c>1h30m</c>.</summary>
internal static class Durations
{
    public static Option<TimeSpan> Option(string name, string description, TimeSpan otherwise) => new(name)
    {
        Description = $"{description}, default {new Duration(otherwise)}",
        HelpName = "duration",
        DefaultValueFactory = _ => otherwise,
        CustomParser = result =>
        {
            if (Duration.TryParse(result.Tokens[0].Value, out var duration) && duration.Value > TimeSpan.Zero)
                return duration;
            result.AddError($"{name} must be a duration such as 90s, 20m or 1h30m, not '{result.Tokens[0].Value}'");
            return default;
        },
    };
}
