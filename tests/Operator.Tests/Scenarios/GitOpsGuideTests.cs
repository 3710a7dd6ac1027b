using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.LocalCluster;
using LlmOps.Operator.Tests.World;
using LlmOps.Testing;
using Xunit;
using Xunit.Abstractions;

namespace LlmOps.Operator.Tests.Scenarios;

/// <summary>The tables of docs/gitops.md: what the operator writes in each state, and what those make of it who read it for Flux and Argo CD.</summary>
public sealed class GitOpsGuideTests(ITestOutputHelper output)
{
    private static readonly string[] Columns = [ConditionTypes.Ready, ConditionTypes.Reconciling, ConditionTypes.Stalled];

    public static TheoryData<string> States => [.. Rows.Keys];

    private static Dictionary<string, string> Rows { get; } = File.ReadLines(Path.Combine(TestWorld.RepositoryRoot(), "docs", "gitops.md"))
        .Select(line => Regex.Match(line, @"^\| ([^|]+) \| ([^`]*) \|$")).Where(row => row.Success).ToDictionary(row => row.Groups[1].Value, row => row.Groups[2].Value);

    [Theory]
    [MemberData(nameof(States))]
    public async Task A_row_of_the_guide_is_what_is_written_and_how_it_is_read(string state)
    {
        await using var world = await TestWorld.StartAsync(output.WriteLine, withOperator: !state.EndsWith("has not seen it yet", StringComparison.Ordinal) && !state.EndsWith("has not seen yet", StringComparison.Ordinal));
        var expected = Rows[state];
        var read = string.Empty;
        var find = await ReachAsync(world, state);
        await Eventually.TrueAsync(
            async _ => (read = await ReadAsync(find()!)) == expected, TimeSpan.FromSeconds(30), () => $"{state}: the guide says {expected}, and it is {read}: {find()?["status"]}");
        await world.QuietAsync();
        Assert.Equal(expected, await ReadAsync(find()!));
    }

    private static async Task<string> ReadAsync(JsonNode obj)
    {
        var conditions = obj["status"]?["conditions"]?.AsArray().ToDictionary(condition => (string)condition!["type"]!, condition => (string)condition!["status"]!) ?? [];
        return string.Join(" | ", [.. Columns.Select(column => conditions.GetValueOrDefault(column, "–")), Kstatus.Compute(obj), (await ArgoCd.HealthAsync(obj)).Status]);
    }

    /// <summary>Brings an object into a state; returns how it is read.</summary>
    private static async Task<Func<JsonNode?>> ReachAsync(TestWorld world, string state)
    {
        var hour = new RolloutStep { Weight = 25, Hold = TimeSpan.FromHours(1) };
        switch (state)
        {
            case "the operator has not seen it yet":
                await world.ApplyAsync(Samples.Canary("v1"));
                return Bot;
            case "nothing serves yet":
                world.Nodes.Pods = _ => PodFate.Starting;
                await world.ApplyAsync(Samples.Canary("v1"));
                await world.UntilAsync(bot => bot.Status?.Candidate is not null, "the first release starts");
                return Bot;
            case "one release serves, nothing is tried":
                await ServeAsync();
                return Bot;
            case "a release is tried":
                await TryAsync(hour);
                await world.UntilAsync(bot => bot.Status?.Candidate?.Weight == 25, "v2 has traffic");
                return Bot;
            case "it waits for an approval":
                await TryAsync(new RolloutStep { Approve = new ApproveSpec() });
                await world.UntilAsync(bot => bot.Status?.Rollout?.Reason == Reasons.AwaitingApproval, "v2 waits");
                return Bot;
            case "it waits for a decision after a deadline":
                await TryAsync(new RolloutStep { Approve = new ApproveSpec { Timeout = TimeSpan.FromMilliseconds(100) } });
                await world.UntilAsync(bot => bot.Status?.Rollout?.Reason == Reasons.AwaitingDecision, "somebody is to decide");
                return Bot;
            case "it waits for something that somebody must mend":
                await TryAsync(new RolloutStep { Gate = "nowhere" });
                return Bot;
            case "it was reverted, and Git still asks for it":
                world.Nodes.Jobs = run => run.Spec.Baseline is null ? JobFate.Pass : JobFate.Fail;
                await TryAsync(new RolloutStep { Gate = "quality" });
                await world.UntilAsync(bot => bot.Status is { Candidate: null, FailedReleases.Count: 1 }, "v2 is locked");
                return Bot;
            case "it is being deleted":
                await ServeAsync();
                await world.Client.MergePatchAsync<LlmDeployment>(new(Samples.Namespace, "bot"), JsonNode.Parse("""{"metadata": {"finalizers": ["example.com/hold"]}}""")!);
                await world.Client.DeleteAsync<LlmDeployment>(new(Samples.Namespace, "bot"));
                return Bot;
            case "a prompt that the operator has not seen yet":
            case "a prompt that can be used":
                await world.ApplyAsync(Samples.AsApplied(Samples.Prompt()));
                return Prompt;
            case "a prompt that cannot be rendered":
                await world.ApplyAsync(Samples.AsApplied(Samples.Prompt(template: "{{query}} {{context}}")));
                return Prompt;
            case "a prompt that is deleted while a release uses it":
                await world.ApplyAsync(Samples.AsApplied(Samples.Prompt()));
                await ServeAsync("support-1.0.0");
                await TestWorld.UntilAsync(() => Prompt()?["metadata"]?["finalizers"] is not null, "the prompt is held");
                await world.Client.DeleteAsync<PromptVersion>(new(Samples.Namespace, "support-1.0.0"));
                return Prompt;
            case "a gate that the operator has not seen yet":
            case "a gate that can be run":
                await world.ApplyAsync(Samples.AsApplied(Samples.Gate()));
                return () => Gate("quality");
            case "a gate whose data set is missing":
                var gate = Samples.AsApplied(Samples.Gate());
                await world.ApplyAsync(gate with { Spec = gate.Spec with { Dataset = new DatasetSpec { ConfigMap = new ConfigMapKeyReference { Name = "nowhere", Key = "cases.jsonl" } } } });
                return () => Gate("quality");
            case "a gate whose judge does not serve yet":
                world.Nodes.Pods = _ => PodFate.Starting;
                await world.ApplyAsync(Samples.AsApplied(Samples.Rubric()));
                await world.ApplyAsync(Samples.Canary("j1", "judge"));
                await world.ApplyAsync(Samples.AsApplied(Samples.JudgedGate()));
                return () => Gate("judged");
            default:
                throw new InvalidOperationException($"docs/gitops.md has a state that no test reaches: {state}");
        }

        JsonNode? Bot() => world.Server.Find("llmdeployments.llmops.dev", Samples.Namespace, "bot");
        JsonNode? Prompt() => world.Server.Find("promptversions.llmops.dev", Samples.Namespace, "support-1.0.0");
        JsonNode? Gate(string name) => world.Server.Find("evalgates.llmops.dev", Samples.Namespace, name);

        async Task ServeAsync(string? prompt = null)
        {
            await world.ApplyAsync(Samples.AsApplied(Samples.Gate()));
            await world.ApplyAsync(Samples.Canary("v1", prompt: prompt));
            await world.UntilAsync(bot => bot.Status is { Candidate: null, Stable.ReadyReplicas: 2 }, "v1 serves");
        }

        async Task TryAsync(RolloutStep step)
        {
            await ServeAsync();
            var next = Samples.Canary("v2", steps: [step]);
            await world.ApplyAsync(next with { Spec = next.Spec with { Rollout = next.Spec.Rollout! with { OnInconclusive = InconclusivePolicies.Hold } } });
        }
    }
}
