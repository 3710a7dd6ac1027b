using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using LlmOps.Kubernetes;
using LlmOps.Testing;
using Xunit;

namespace LlmOps.Api.Tests.Server;

/// <summary>What people write is accepted by a real API server with strict field validation, and gets its defaults.</summary>
[Collection(ApiServerCollection.Name)]
public sealed class AcceptedObjectTests(ApiServerFixture server)
{
    public static TheoryData<string> Examples => [.. GoodObjects.Files().Select(f => Path.GetRelativePath(Repository.Root, f))];

    [Theory]
    [MemberData(nameof(Examples))]
    public async Task Every_example_is_accepted(string file)
    {
        foreach (var document in YamlJson.Documents(File.ReadAllText(Path.Combine(Repository.Root, file))).Where(d => d["apiVersion"]?.GetValue<string>() == ApiGroup.ApiVersion))
        {
            document["metadata"]!.AsObject().Remove("namespace");
            var (status, body) = await server.CreateAsync(GoodObjects.Plural(document), document);
            Assert.True(status == HttpStatusCode.Created, $"{file}: {document["kind"]} {document["metadata"]!["name"]}: {body["message"]}");
            Assert.Empty(OfflineRules.Check(document));
        }
    }

    [Fact]
    public async Task The_smallest_deployment_gets_its_defaults()
    {
        var (status, body) = await server.CreateAsync("llmdeployments", GoodObjects.Minimal("LlmDeployment"));
        Assert.True(status == HttpStatusCode.Created, body.ToJsonString());
        Assert.Equal(
            """{"engine":{"drainSeconds":30,"startupDeadline":"20m","type":"vLLM"},"model":{"source":"hf://Qwen/Qwen2.5-7B-Instruct"},"resources":{"gpu":{"count":1,"resourceName":"nvidia.com/gpu"}}}""",
            body["spec"]!.ToJsonString());
    }

    [Fact]
    public async Task Defaults_of_the_server_are_those_of_the_code()
    {
        var deployment = GoodObjects.Minimal("LlmDeployment").AsObject();
        deployment["spec"]!["rollout"] = new JsonObject { ["analysis"] = new JsonObject() };
        deployment["spec"]!["rollout"]!["steps"] = new JsonArray(new JsonObject { ["mirror"] = new JsonObject { ["percent"] = 20 }, ["hold"] = "1m", ["minRequests"] = 5 }, new JsonObject { ["gate"] = "g" }, new JsonObject { ["weight"] = 5 });
        deployment["spec"]!["pricing"] = new JsonObject { ["inputPerMillion"] = 0, ["outputPerMillion"] = 1.5 };
        deployment["spec"]!["traffic"] = new JsonObject();
        deployment["spec"]!["autoscaling"] = new JsonObject { ["max"] = 3 };
        var spec = (await server.CreateAsync("llmdeployments", deployment)).Body["spec"].Deserialize(ApiJson.Default.LlmDeploymentSpec)!;

        Assert.Equal(Defaults.DrainSeconds, spec.Engine.DrainSeconds);
        Assert.Equal(Defaults.StartupDeadline, spec.Engine.StartupDeadline);
        Assert.Equal(Defaults.GpuCount, spec.Resources!.Gpu!.Count);
        Assert.Equal(Defaults.GpuResourceName, spec.Resources.Gpu.ResourceName);
        Assert.Equal(Defaults.ProgressDeadline, spec.Rollout!.ProgressDeadline);
        Assert.Equal(Defaults.ScaleDownDelay, spec.Rollout.ScaleDownDelay);
        Assert.Equal(Defaults.FalseRevertProbability, spec.Rollout.Analysis!.FalseRevertProbability);
        Assert.Equal(Defaults.WarmUpRequests, spec.Rollout.Analysis.WarmUpRequests);
        Assert.Equal(Defaults.MirrorConcurrency, spec.Rollout.Steps![0].Mirror!.MaxConcurrent);
        Assert.Equal(Defaults.Currency, spec.Pricing!.Currency);
        Assert.Equal(Defaults.Stickiness, spec.Traffic!.Stickiness);
        Assert.Equal((Defaults.Replicas, Defaults.Replicas), (spec.Autoscaling!.Min, spec.Autoscaling.Replicas));

        var gate = (await server.CreateAsync("evalgates", GoodObjects.Minimal("EvalGate"))).Body["spec"].Deserialize(ApiJson.Default.EvalGateSpec)!;
        Assert.Equal(Defaults.EvaluationConcurrency, gate.Concurrency);
        Assert.Equal(Defaults.InputVariable, gate.Dataset.InputVariable);
    }

    [Fact]
    public async Task A_release_has_the_same_hashes_before_and_after_the_server_filled_in_defaults()
    {
        var written = GoodObjects.Minimal("LlmDeployment");
        var stored = (await server.CreateAsync("llmdeployments", written)).Body;
        Assert.NotEqual(written["spec"]!.ToJsonString(), stored["spec"]!.ToJsonString());
        Assert.Equal(Hash(written), Hash(stored));

        static ReleaseHashes Hash(JsonNode o) => ReleaseHashing.Compute(ReleaseSnapshot.Of("bot", o["spec"].Deserialize(ApiJson.Default.LlmDeploymentSpec)!, "engine:1", null));
    }

    [Fact]
    public async Task The_scale_subresource_reads_and_writes_the_replicas_of_autoscaling_and_keeps_the_rest()
    {
        var deployment = GoodObjects.Minimal("LlmDeployment");
        deployment["metadata"]!["name"] = "scaled";
        deployment["spec"]!["autoscaling"] = new JsonObject { ["min"] = 1, ["max"] = 5 };
        Assert.Equal(HttpStatusCode.Created, (await server.CreateAsync("llmdeployments", deployment, dryRun: false)).Status);
        const string path = "/apis/llmops.dev/v1alpha1/namespaces/default/llmdeployments/scaled";

        var scale = (await server.SendAsync(HttpMethod.Get, path + "/scale")).Body;
        Assert.Equal(1, scale["spec"]!["replicas"]!.GetValue<int>());
        Assert.Equal(HttpStatusCode.OK, (await server.SendAsync(HttpMethod.Patch, path + "/scale", """{"spec":{"replicas":4}}""", "application/merge-patch+json")).Status);
        Assert.Equal("""{"max":5,"min":1,"replicas":4}""", (await server.SendAsync(HttpMethod.Get, path)).Body["spec"]!["autoscaling"]!.ToJsonString());
    }

    [Fact]
    public async Task Scaling_a_deployment_with_fixed_replicas_is_refused()
    {
        var deployment = GoodObjects.Minimal("LlmDeployment");
        deployment["metadata"]!["name"] = "fixed";
        deployment["spec"]!["replicas"] = 2;
        await server.CreateAsync("llmdeployments", deployment, dryRun: false);
        const string path = "/apis/llmops.dev/v1alpha1/namespaces/default/llmdeployments/fixed";

        var (status, body) = await server.SendAsync(HttpMethod.Patch, path + "/scale", """{"spec":{"replicas":4}}""", "application/merge-patch+json");
        Assert.Equal(HttpStatusCode.UnprocessableEntity, status);
        Assert.Contains("spec.autoscaling.max: Required value", body["message"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Null((await server.SendAsync(HttpMethod.Get, path)).Body["spec"]!["autoscaling"]);
    }

    [Fact]
    public async Task Status_of_every_kind_is_a_subresource()
    {
        // A record says what was, once and for all: it has no status.
        foreach (var kind in GoodObjects.Kinds.Where(kind => kind != "RolloutRecord"))
        {
            var created = GoodObjects.Minimal(kind);
            created["metadata"]!["name"] = "status-" + GoodObjects.Plural(created);
            created["status"] = new JsonObject { ["observedGeneration"] = 7 };
            var (status, body) = await server.CreateAsync(GoodObjects.Plural(created), created, dryRun: false);
            Assert.True(status == HttpStatusCode.Created, body.ToJsonString());
            // What was sent is dropped; what Git may hold says that nobody has seen it.
            Assert.Equal(kind is "LlmDeployment" or "PromptVersion" or "EvalGate" ? ApiGroup.UnseenStatus : null, body["status"]?.ToJsonString().Replace(":", ": ", StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData("llm", "LlmDeployment", "NAME STABLE CANDIDATE WEIGHT PHASE READY AGE")]
    [InlineData("prompt", "PromptVersion", "NAME FAMILY VERSION STAGE VALID AGE")]
    [InlineData("gate", "EvalGate", "NAME DATASET READY LAST AGE")]
    [InlineData("evalrun", "EvalRun", "NAME GATE DEPLOYMENT RELEASE PHASE VERDICT CASES AGE")]
    [InlineData("record", "RolloutRecord", "NAME DEPLOYMENT RELEASE OUTCOME REASON REQUESTS DETECT REVERT FINISHED")]
    [InlineData("action", "RolloutAction", "NAME DEPLOYMENT ACTION PHASE BY AGE")]
    public async Task Kubectl_shows_each_kind_by_its_short_name_in_columns(string shortName, string kind, string columns)
    {
        var shown = GoodObjects.Minimal(kind);
        shown["metadata"]!["name"] = "shown";
        await server.CreateAsync(GoodObjects.Plural(shown), shown, dryRun: false);
        var lines = (await server.KubectlAsync("get", shortName)).Split('\n');
        Assert.Equal(columns, string.Join(' ', lines[0].Split(' ', StringSplitOptions.RemoveEmptyEntries)));
        Assert.Contains(lines, l => l.StartsWith("shown ", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("llm.spec.rollout.steps.weight", "Weights rise from step to step.")]
    [InlineData("prompt.spec.variables.trust", "An untrusted variable is refused in a system message.")]
    [InlineData("gate.spec.criteria.atLeast", "The lower confidence bound must reach it")]
    [InlineData("action.spec.release", "Required for Approve, Promote, SkipStep and Rollback.")]
    [InlineData("evalrun.status.verdict", "Pass, Fail, Inconclusive, NoData or ProviderError")]
    public async Task Kubectl_explains_fields(string field, string words)
    {
        // Publishing follows the CRD by a moment.
        var text = await Eventually.ValueAsync(async _ => (string?)await server.KubectlAsync("explain", field), TimeSpan.FromSeconds(60), () => $"kubectl explains {field}");
        Assert.Contains(words, string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
    }
}
