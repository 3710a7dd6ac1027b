using System.Text.RegularExpressions;

namespace LlmOps.Operator.Gathering.Checks;

/// <summary>Whose values a query asks for.</summary>
/// <param name="Track">Value of <see cref="Api.Tracks"/>.</param>
/// <param name="Window">In Prometheus' notation, such as <c>2m</c>.</param>
/// <param name="EngineType">Of the release; null where its snapshot is gone. No placeholder.</param>
internal sealed record QueryScope(string Namespace, string Deployment, string Release, string ServingHash, string Service, string Track, string Window, string? EngineType);

/// <summary>Fills in the placeholders of a query. Pure. All values are hashes, DNS names and durations, so none needs escaping in PromQL.</summary>
internal static partial class QueryTemplate
{
    /// <summary>The query; null with a problem where it has a placeholder that does not exist.</summary>
    /// <param name="what">What is filled in, for the problem.</param>
    /// <param name="encode">How a value is written in it; as it is by default.</param>
    public static (string? Query, string? Problem) Expand(string template, QueryScope scope, string what = "query", Func<string, string>? encode = null)
    {
        string? unknown = null;
        var query = Placeholder().Replace(template, match => (encode ?? AsItIs)(match.Groups["name"].Value switch
        {
            "namespace" => scope.Namespace,
            "deployment" => scope.Deployment,
            "release" => scope.Release,
            "servingHash" => scope.ServingHash,
            "service" => scope.Service,
            "track" => scope.Track,
            "window" => scope.Window,
            var other => unknown = other,
        }));
        return unknown is null ? (query, null) : (null, $"the {what} has the placeholder {{{{{unknown}}}}}, which does not exist: use release, servingHash, track, service, namespace, deployment or window");
    }

    private static string AsItIs(string value) => value;

    /// <summary>Whether the query reads a counter without <c>rate</c> or the like around it. Then a smaller value than before means that it was reset, and says nothing.</summary>
    public static bool ReadsRawCounter(string query) => RawCounter().IsMatch(query);

    [GeneratedRegex(@"\{\{(?<name>[^{}]*)\}\}")]
    private static partial Regex Placeholder();

    // A name of a counter's form, and after its selector, if it has one, no range.
    [GeneratedRegex(@"\b[a-zA-Z_:][a-zA-Z0-9_:]*_(total|count|sum|bucket)\b(?!\s*(\{([^""{}]|""([^""\\]|\\.)*"")*\})?\s*\[)(?![a-zA-Z0-9_:])", RegexOptions.None, matchTimeoutMilliseconds: 100)]
    private static partial Regex RawCounter();
}
