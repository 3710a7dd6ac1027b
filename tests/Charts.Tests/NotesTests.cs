using LlmOps.Demo.Cluster;
using Xunit;

namespace LlmOps.Charts.Tests;

/// <summary>What helm prints after an installation: it can be typed by somebody who has the chart and nothing else.</summary>
public sealed class NotesTests
{
    [Fact]
    public async Task Who_has_only_the_chart_is_told_where_images_must_come_from_and_how_to_reach_the_gateway()
    {
        var notes = await NotesAsync("--set", "crds.enabled=false");
        Assert.Contains("No public registry has the images llmops/evaluator, llmops/gateway, llmops/operator", notes, StringComparison.Ordinal);
        Assert.Contains("kubectl -n llmops-system port-forward svc/llmops-gateway 8000:8000 &\n  curl http://localhost:8000/v1/", notes, StringComparison.Ordinal);
        Assert.Contains("--set crds.enabled=true --show-only templates/crds.yaml | kubectl apply", notes, StringComparison.Ordinal);
        var kinds = await new Helm().RunAsync(CancellationToken.None, "template", "llmops", Helm.Chart, "--set", "crds.enabled=true", "--show-only", "templates/crds.yaml");
        Assert.Equal(6, kinds.Split("\nkind: CustomResourceDefinition\n").Length - 1);
    }

    [Fact]
    public async Task Who_has_images_of_their_own_is_told_nothing_of_them()
    {
        var notes = await NotesAsync(
            "--set", "operator.image.repository=registry.example.com/llmops/operator", "--set", "gateway.image.repository=registry.example.com/llmops/gateway", "--set", "evaluator.image.repository=registry.example.com/llmops/evaluator");
        Assert.StartsWith("llmops ", notes, StringComparison.Ordinal);
        Assert.DoesNotContain("registry", notes, StringComparison.Ordinal);
    }

    private static async Task<string> NotesAsync(params string[] values)
    {
        var installed = await new Helm().RunAsync(CancellationToken.None, ["install", "llmops", Helm.Chart, "--namespace", "llmops-system", "--dry-run=client", .. values]);
        return installed[(installed.IndexOf("\nNOTES:\n", StringComparison.Ordinal) + "\nNOTES:\n".Length)..];
    }
}
