using System.Text.Json;
using System.Text.Json.Nodes;

namespace LlmOps.Kubernetes.Schema;

public static class JsonNumbers
{
    /// <summary>The number, whatever .NET type the node was made from; null when it is not a number.</summary>
    public static double? TryGetNumber(this JsonNode node) => node.GetValueKind() switch
    {
        JsonValueKind.Number => double.Parse(node.ToJsonString(), System.Globalization.CultureInfo.InvariantCulture),
        _ => null,
    };

    public static bool IsInteger(this JsonNode node) => node.TryGetNumber() is { } number && Math.Floor(number) == number;
}
