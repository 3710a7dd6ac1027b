using System.Text.Json;
using Xunit;

namespace LlmOps.Api.Tests.Releases;

public sealed class ReleaseHashingTests
{
    private const string Image = "engine:1";

    private const string Minimal = """{"model":{"source":"hf://a/b"},"engine":{"type":"vLLM"},"resources":{"gpu":{"count":1}}}""";

    [Fact]
    public void Hashes_are_ten_digits_in_lower_case_and_never_change_between_versions()
    {
        // A change here re-releases every LlmDeployment in every cluster at the next upgrade of the operator.
        Assert.Equal(new("2dbfad0105", "44136fa355", "1c3864276e"), Hash(Minimal));
    }

    [Theory]
    [InlineData("order of members", """{"resources":{"gpu":{"count":1}},"engine":{"type":"vLLM"},"model":{"source":"hf://a/b"}}""")]
    [InlineData("defaults of the API server", """{"model":{"source":"hf://a/b"},"engine":{"type":"vLLM","drainSeconds":30,"startupDeadline":"20m"},"resources":{"gpu":{"count":1,"resourceName":"nvidia.com/gpu"}}}""")]
    [InlineData("count left out", """{"model":{"source":"hf://a/b"},"engine":{"type":"vLLM"},"resources":{"gpu":{}}}""")]
    [InlineData("served name", """{"model":{"source":"hf://a/b","servedName":"bot"},"engine":{"type":"vLLM"},"resources":{"gpu":{"count":1}}}""")]
    [InlineData("image", """{"model":{"source":"hf://a/b"},"engine":{"type":"vLLM","image":"engine:1"},"resources":{"gpu":{"count":1}}}""")]
    [InlineData("tensor parallel size", """{"model":{"source":"hf://a/b"},"engine":{"type":"vLLM","tensorParallelSize":1},"resources":{"gpu":{"count":1}}}""")]
    [InlineData("another spelling of a duration", """{"model":{"source":"hf://a/b"},"engine":{"type":"vLLM","startupDeadline":"1200s"},"resources":{"gpu":{"count":1}}}""")]
    [InlineData("empty lists", """{"model":{"source":"hf://a/b"},"engine":{"type":"vLLM","extraArgs":[],"env":[]},"resources":{"gpu":{"count":1}},"podTemplate":{"labels":{},"tolerations":[]},"artifacts":[]}""")]
    [InlineData("cache that a pod has anyway", """{"model":{"source":"hf://a/b","cache":{"emptyDir":{}}},"engine":{"type":"vLLM"},"resources":{"gpu":{"count":1}}}""")]
    [InlineData("nulls", """{"model":{"source":"hf://a/b","revision":null},"engine":{"type":"vLLM"},"resources":{"gpu":{"count":1},"cpu":null},"podTemplate":null}""")]
    [InlineData("what is no part of a release", """{"model":{"source":"hf://a/b"},"engine":{"type":"vLLM"},"resources":{"gpu":{"count":1}},"replicas":4,"rollout":{"steps":[{"weight":50}],"paused":true},"traffic":{"stickiness":"user"}}""")]
    public void The_same_release_written_another_way_has_the_same_hashes(string what, string spec) =>
        Assert.True(Hash(Minimal) == Hash(spec), what);

    [Theory]
    [InlineData("""{"model":{"source":"hf://a/c"},"engine":{"type":"vLLM"},"resources":{"gpu":{"count":1}}}""")]
    [InlineData("""{"model":{"source":"hf://a/b","revision":"v2"},"engine":{"type":"vLLM"},"resources":{"gpu":{"count":1}}}""")]
    [InlineData("""{"model":{"source":"hf://a/b","servedName":"other"},"engine":{"type":"vLLM"},"resources":{"gpu":{"count":1}}}""")]
    [InlineData("""{"model":{"source":"hf://a/b","credentialsSecretRef":{"name":"s","key":"k"}},"engine":{"type":"vLLM"},"resources":{"gpu":{"count":1}}}""")]
    [InlineData("""{"model":{"source":"hf://a/b"},"engine":{"type":"vLLM","apiKeySecretRef":{"name":"s","key":"k"}},"resources":{"gpu":{"count":1}}}""")]
    [InlineData("""{"model":{"source":"hf://a/b","cache":{"emptyDir":{"sizeLimit":"1Gi"}}},"engine":{"type":"vLLM"},"resources":{"gpu":{"count":1}}}""")]
    [InlineData("""{"model":{"source":"hf://a/b"},"engine":{"type":"TGI"},"resources":{"gpu":{"count":1}}}""")]
    [InlineData("""{"model":{"source":"hf://a/b"},"engine":{"type":"vLLM","extraArgs":["--x"]},"resources":{"gpu":{"count":1}}}""")]
    [InlineData("""{"model":{"source":"hf://a/b"},"engine":{"type":"vLLM","drainSeconds":31},"resources":{"gpu":{"count":1}}}""")]
    [InlineData("""{"model":{"source":"hf://a/b"},"engine":{"type":"vLLM"},"resources":{"gpu":{"count":2}}}""")]
    [InlineData("""{"model":{"source":"hf://a/b"},"engine":{"type":"vLLM"}}""")]
    [InlineData("""{"model":{"source":"hf://a/b"},"engine":{"type":"vLLM"},"resources":{"gpu":{"count":1}},"podTemplate":{"labels":{"a":"b"}}}""")]
    public void What_needs_other_pods_changes_the_serving_hash_alone(string spec)
    {
        var (old, changed) = (Hash(Minimal), Hash(spec));
        Assert.NotEqual(old.Serving, changed.Serving);
        Assert.Equal(old.Prompt, changed.Prompt);
        Assert.NotEqual(old.Release, changed.Release);
    }

    [Fact]
    public void A_prompt_or_an_artifact_changes_the_prompt_hash_alone()
    {
        const string artifact = """{"model":{"source":"hf://a/b"},"engine":{"type":"vLLM"},"resources":{"gpu":{"count":1}},"artifacts":[{"name":"index","version":"7"}]}""";
        ReleaseHashes[] all = [Hash(Minimal), Hash(Minimal, "content-1"), Hash(Minimal, "content-2"), Hash(artifact)];
        Assert.Single(all.Select(h => h.Serving).Distinct());
        Assert.Equal(4, all.Select(h => h.Prompt).Distinct().Count());
        Assert.Equal(4, all.Select(h => h.Release).Distinct().Count());
    }

    [Fact]
    public void A_prompt_under_another_name_is_the_same_release()
    {
        const string one = """{"model":{"source":"hf://a/b"},"engine":{"type":"vLLM"},"prompt":{"name":"p-1"}}""";
        const string two = """{"model":{"source":"hf://a/b"},"engine":{"type":"vLLM"},"prompt":{"name":"p-2"}}""";
        Assert.Equal(Hash(one, "content"), Hash(two, "content"));
    }

    [Fact]
    public void Another_default_image_is_another_release() =>
        Assert.NotEqual(Hash(Minimal).Serving, ReleaseHashing.Compute(ReleaseSnapshot.Of("bot", Spec(Minimal), "engine:2", null)).Serving);

    [Fact]
    public void A_snapshot_that_went_through_json_has_the_same_hashes()
    {
        var snapshot = ReleaseSnapshot.Of("bot", Spec(Minimal) with { Prompt = new() { Name = "p" }, Artifacts = [new() { Name = "a", Version = "1" }] }, Image, "content");
        var back = JsonSerializer.Deserialize(JsonSerializer.Serialize(snapshot, ApiJson.Default.ReleaseSnapshot), ApiJson.Default.ReleaseSnapshot)!;
        Assert.Equal(ReleaseHashing.Compute(snapshot), ReleaseHashing.Compute(back));
        Assert.Empty(ReleaseChanges.Describe(snapshot, back));
    }

    internal static LlmDeploymentSpec Spec(string json) => JsonSerializer.Deserialize(json, ApiJson.Default.LlmDeploymentSpec)!;

    private static ReleaseHashes Hash(string spec, string? promptContentHash = null) =>
        ReleaseHashing.Compute(ReleaseSnapshot.Of("bot", Spec(spec), Image, promptContentHash));
}
