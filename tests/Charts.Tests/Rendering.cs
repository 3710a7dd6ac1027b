using System.Text.Json.Nodes;
using LlmOps.Demo.Cluster;
using LlmOps.Kubernetes;

namespace LlmOps.Charts.Tests;

/// <summary>What <c>helm template</c> makes of the chart.</summary>
/// <param name="Text">All of it.</param>
internal sealed record Rendering(string Text)
{
    public const string Release = "llmops";
    public const string Namespace = "llmops-system";

    private IReadOnlyList<JsonNode>? objects;

    public IReadOnlyList<JsonNode> Objects => objects ??= YamlJson.Documents(Text);

    /// <summary>Renders with values, as YAML.</summary>
    /// <exception cref="InvalidOperationException">helm refused; the message is its.</exception>
    public static async Task<Rendering> OfAsync(string values = "{}", string? chart = null, string release = Release)
    {
        var run = await TryAsync(values, chart, release);
        return run.ExitCode == 0 ? new(run.Output) : throw new InvalidOperationException(run.Errors);
    }

    public static async Task<ToolProcess> TryAsync(string values, string? chart = null, string release = Release)
    {
        var file = Path.Combine(Path.GetTempPath(), $"values-{Guid.NewGuid():N}.yaml");
        await File.WriteAllTextAsync(file, values);
        try
        {
            return await new Helm().TryAsync(CancellationToken.None, "template", release, chart ?? Helm.Chart, "--namespace", Namespace, "--values", file);
        }
        finally
        {
            File.Delete(file);
        }
    }

    public IEnumerable<JsonNode> Of(string kind) => Objects.Where(obj => (string?)obj["kind"] == kind);

    public JsonNode Get(string kind, string name) => Of(kind).Single(obj => Name(obj) == name);

    public JsonNode Pod(string component) => Get("Deployment", $"{Release}-{component}")["spec"]!["template"]!["spec"]!;

    public string[] Arguments(string component) => [.. Pod(component)["containers"]![0]!["args"]!.AsArray().Select(word => (string)word!)];

    public static string Name(JsonNode obj) => (string)obj["metadata"]!["name"]!;
}
