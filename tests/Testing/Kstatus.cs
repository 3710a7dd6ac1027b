using System.Text.Json.Nodes;

namespace LlmOps.Testing;

/// <summary>
/// What kstatus, and by it Flux, says of an object whose kind it has no rules for: <c>Compute</c> of
/// https://github.com/kubernetes-sigs/cli-utils/tree/master/pkg/kstatus/status (generic.go, then the condition Ready, then Current).
/// </summary>
public static class Kstatus
{
    public static string Compute(JsonNode obj)
    {
        if (obj["metadata"]!["deletionTimestamp"] is not null)
            return "Terminating";
        if (obj["metadata"]!["generation"] is { } generation && obj["status"]?["observedGeneration"] is { } observed && (long)generation != (long)observed)
            return "InProgress";

        var conditions = obj["status"]?["conditions"]?.AsArray().Select(condition => ((string?)condition!["type"], (string?)condition["status"])).ToList() ?? [];
        foreach (var condition in conditions)
        {
            switch (condition)
            {
                case ("Reconciling", "True"):
                    return "InProgress";
                case ("Stalled", "True"):
                    return "Failed";
            }
        }

        return conditions.Any(condition => condition is ("Ready", not "True")) ? "InProgress" : "Current";
    }
}
