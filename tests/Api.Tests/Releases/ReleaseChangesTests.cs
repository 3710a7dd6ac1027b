using Xunit;

namespace LlmOps.Api.Tests.Releases;

public sealed class ReleaseChangesTests
{
    [Fact]
    public void Each_changed_field_is_a_line()
    {
        var old = Snapshot("""{"model":{"source":"hf://a/b","revision":"v1"},"engine":{"type":"vLLM","env":[{"name":"A","value":"1"},{"name":"B","value":"2"}],"extraArgs":["--x"]},"artifacts":[{"name":"index","version":"7"}]}""");
        var @new = Snapshot("""{"model":{"source":"hf://a/b","revision":"v2"},"engine":{"type":"vLLM","env":[{"name":"B","value":"3"}],"extraArgs":["--x","--y"]},"artifacts":[{"name":"index","version":"8"}],"resources":{"gpu":{"count":2}}}""");

        Assert.Equal(
            [
                "model.revision: v1 → v2",
                "engine.extraArgs: [\"--x\"] → [\"--x\",\"--y\"]",
                "engine.env[A].name: A → none",
                "engine.env[A].value: 1 → none",
                "engine.env[B].value: 2 → 3",
                "artifacts[index].version: 7 → 8",
                "engine.tensorParallelSize: none → 2",
                "resources.gpu.count: none → 2",
                "resources.gpu.resourceName: none → nvidia.com/gpu",
            ],
            ReleaseChanges.Describe(old, @new).OrderBy(l => l.Contains("none → 2", StringComparison.Ordinal) || l.Contains("resourceName", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_prompt_is_told_by_its_name_and_by_its_content_only_under_the_same_name()
    {
        var old = Snapshot("""{"model":{"source":"hf://a/b"},"engine":{"type":"vLLM"},"prompt":{"name":"p-1"}}""", "content-1");
        var renamed = Snapshot("""{"model":{"source":"hf://a/b"},"engine":{"type":"vLLM"},"prompt":{"name":"p-2"}}""", "content-2");
        Assert.Equal(["prompt.name: p-1 → p-2"], ReleaseChanges.Describe(old, renamed));
        Assert.Equal(["promptContentHash: content-1 → content-2"], ReleaseChanges.Describe(old, old with { PromptContentHash = "content-2" }));
    }

    [Theory]
    [InlineData("""["--api-key=hush1"]""", """["--api-key=hush2"]""", """["--api-key=(not shown)"] → ["--api-key=(not shown)"]""")]
    [InlineData("""["--api-key","hush1"]""", """["--api-key","hush2"]""", """["--api-key","(not shown)"] → ["--api-key","(not shown)"]""")]
    [InlineData("""["--api-key","hush1","hush2","-tp","2"]""", """["-tp","2"]""", """["--api-key","(not shown)","(not shown)","-tp","2"] → ["-tp","2"]""")]
    [InlineData("""["--hf_token","-hush1"]""", """["-hft","hush2"]""", """["--hf_token","(not shown)"] → ["-hft","(not shown)"]""")]
    [InlineData("""["--ngrok-authtoken hush1"]""", """["--DB.Password=hush1=hush2"]""", """["--ngrok-authtoken (not shown)"] → ["--DB.Password=(not shown)"]""")]
    [InlineData("""["--client-secret","hush1","--seed","1"]""", """["--use-token","--seed","2"]""", """["--client-secret","(not shown)","--seed","1"] → ["--use-token","--seed","2"]""")]
    [InlineData("""["--max-total-tokens","8192"]""", """["--max-total-tokens=4096","--tokenizer","x"]""", """["--max-total-tokens","8192"] → ["--max-total-tokens=4096","--tokenizer","x"]""")]
    public void Arguments_that_look_like_secrets_are_not_shown_in_either_style(string before, string after, string told)
    {
        var line = Assert.Single(ReleaseChanges.Describe(WithEngine($"\"extraArgs\":{before}"), WithEngine($"\"extraArgs\":{after}")));
        Assert.Equal($"engine.extraArgs: {told}", line);
        Assert.DoesNotContain("hush", line, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("HF_TOKEN")]
    [InlineData("AWS_SECRET_ACCESS_KEY")]
    [InlineData("openai_apikey")]
    [InlineData("DB_PASSWORD")]
    [InlineData("OTEL_EXPORTER_OTLP_HEADERS")]
    public void Variables_that_look_like_secrets_are_told_without_their_values(string name)
    {
        var (old, @new) = (WithEngine($$""" "env":[{"name":"{{name}}","value":"hush1"}]"""), WithEngine($$""" "env":[{"name":"{{name}}","value":"hush2"},{"name":"VLLM_MAX_TOKENS","value":"7"}]"""));
        Assert.Equal([$"engine.env[{name}].value: (not shown) → (not shown)", "engine.env[VLLM_MAX_TOKENS].name: none → VLLM_MAX_TOKENS", "engine.env[VLLM_MAX_TOKENS].value: none → 7"], ReleaseChanges.Describe(old, @new));
        var twice = WithEngine($$""" "env":[{"name":"{{name}}","value":"hush1"},{"name":"{{name}}","value":"hush2"}]""");
        Assert.DoesNotContain("hush", Assert.Single(ReleaseChanges.Describe(old, twice)), StringComparison.Ordinal);
    }

    [Fact]
    public void Lines_and_their_number_are_bounded()
    {
        var labels = Enumerable.Range(0, 32).ToDictionary(i => $"l{i}", i => i.ToString(System.Globalization.CultureInfo.InvariantCulture));
        var old = Snapshot("""{"model":{"source":"hf://a/b"},"engine":{"type":"vLLM"}}""");
        var @new = old with { Model = old.Model with { Source = "hf://" + new string('x', 500) }, PodTemplate = new() { Labels = labels } };
        var lines = ReleaseChanges.Describe(old, @new);
        Assert.Equal(ReleaseChanges.MostLines, lines.Count);
        Assert.Equal("… and 2 more", lines[^1]);
        Assert.All(lines, l => Assert.InRange(l.Length, 1, 200));
    }

    private static ReleaseSnapshot WithEngine(string field) => Snapshot($$$"""{"model":{"source":"hf://a/b"},"engine":{"type":"vLLM",{{{field}}}}}""");

    private static ReleaseSnapshot Snapshot(string spec, string? content = null) =>
        ReleaseSnapshot.Of("bot", ReleaseHashingTests.Spec(spec), "engine:1", content);
}
