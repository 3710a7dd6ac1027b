using LlmOps.Api;
using LlmOps.Demo.Cluster;
using LlmOps.Demo.Stories;
using LlmOps.EndToEnd.Product;
using LlmOps.Kubernetes;
using LlmOps.LocalCluster;
using LlmOps.LocalCluster.Nodes.Kubelet;
using LlmOps.Testing;
using Xunit;
using Xunit.Abstractions;

namespace LlmOps.EndToEnd.Install;

/// <summary>The chart on a cluster that runs its pods, as a platform engineer uses it.</summary>
public sealed class HelmTests(ITestOutputHelper output)
{
    /// <summary>Another version of this repository, checked out and built (<c>make upgrade FROM=</c>): its chart, programs and samples are those before. Null: those of this one stand in for them.</summary>
    private static readonly string? Earlier = Environment.GetEnvironmentVariable("LLMOPS_UPGRADE_FROM");

    /// <summary>Where chart, programs and samples of the version before are.</summary>
    private static readonly string Before = Earlier ?? Workspace.Repository;

    [RealApiServerFact]
    public async Task A_canary_goes_on_through_an_upgrade_a_rollback_and_a_new_installation()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(8));
        var ct = limit.Token;
        await using var bed = await HelmBed.StartAsync(ct, PreviousImages());
        await bed.UpgradeAsync(PreviousChart(), ct);
        Assert.Equal(["llmops/gateway:0.0.9", "llmops/operator:0.0.9"], await bed.ImagesAsync(ct));
        if (Earlier is null)
        {
            Assert.DoesNotContain("record", await ShortNamesAsync(bed, ct), StringComparison.Ordinal);
            await bed.Helm.RunAsync(ct, "test", HelmBed.Release, "--namespace", HelmBed.Namespace, "--timeout", "2m");
        }

        const string team = "team-a";
        await bed.NamespaceAsync(team, ct, Path.Combine(Before, "config", "samples"));
        await bed.ApplyAsync(new Wanted(), team, ct);
        await using var recorder = new DeploymentRecorder(bed.Client, team, Samples.Deployment, TimeProvider.System);
        await recorder.WaitAsync("v1 to serve", s => s is { Candidate: null, Stable.ReadyReplicas: > 0 }, ProductFixture.Patience, ct);
        string promoted;
        await using (var users = bed.Users(team, 20))
        {
            await bed.ApplyAsync(new() { Revision = "v2", Steps = "[{weight: 50, hold: 1s, minRequests: 5}, {approve: {}}]" }, team, ct);
            var waiting = (await recorder.WaitAsync("v2 to wait for an approval", s => s.Rollout?.Reason == Reasons.AwaitingApproval, ProductFixture.Patience, ct)).Status!;

            // Kinds are upgraded with the rest.
            await bed.UpgradeAsync(Helm.Chart, ct);
            await AssertGoesOnAsync(bed, recorder, waiting, "0.1.0", ct);
            Assert.Contains("record", await ShortNamesAsync(bed, ct), StringComparison.Ordinal);

            await bed.Helm.RunAsync(ct, "rollback", HelmBed.Release, "1", "--namespace", HelmBed.Namespace, "--wait", "--timeout", "3m");
            await bed.RolledOutAsync(ct);
            await AssertGoesOnAsync(bed, recorder, waiting, "0.0.9", ct);

            promoted = waiting.Candidate!.ServingHash;
            await bed.ApproveAsync(team, waiting.Candidate.Release, ct);
            await recorder.WaitAsync("v2 to be stable", s => s.Candidate is null && s.Stable?.Release == waiting.Candidate.Release && s.Stable.ReadyReplicas > 0, ProductFixture.Patience, ct);
            // Gateways that go finish what they have. A connection that is refused or closes in the very moment of a request is told by the proxy of the test bed, which would be the client's retry.
            var (closed, failed) = (users.Statistics.Failures.Where(f => f.Failure!.Contains("node simulator: ", StringComparison.Ordinal)).ToList(), users.Statistics.Failures.Where(f => !f.Failure!.Contains("node simulator: ", StringComparison.Ordinal)).ToList());
            Assert.True(failed.Count == 0, $"{failed.Count} of {users.Statistics.Total} failed: {string.Join("; ", failed.Take(5))}");
            Assert.True(closed.Count * 10 <= users.Statistics.Total, $"{closed.Count} of {users.Statistics.Total} found no gateway: {string.Join("; ", closed.Take(5))}");
            output.WriteLine($"{users.Statistics.Total} requests, {closed.Count} found no gateway");
        }

        Assert.Empty(bed.Refusals());
        await bed.Helm.RunAsync(ct, "uninstall", HelmBed.Release, "--namespace", HelmBed.Namespace, "--wait", "--timeout", "3m");
        await bed.GoneAsync(ct);
        Assert.NotNull(await bed.Client.GetAsync<LlmDeployment>(new(team, Samples.Deployment), ct));
        // Those of v1 may be on their way out.
        var engines = await EnginesAsync(bed, team, promoted, ct);
        Assert.NotEmpty(engines);

        // The kinds that stayed are taken up again, and nothing that serves is started anew.
        await bed.UpgradeAsync(Helm.Chart, ct);
        await bed.ApplyAsync(new() { Revision = "v1", Steps = "[{weight: 50, hold: 1s}, {approve: {}}]" }, team, ct);
        var third = await recorder.WaitAsync("v1 to be tried again", s => s.Candidate?.Revision == "v1" && s.Candidate.ReadyReplicas > 0, ProductFixture.Patience, ct);
        Assert.Equal("v2", third.Status!.Stable!.Revision);
        Assert.Equal(engines, await EnginesAsync(bed, team, promoted, ct));
    }

    [RealApiServerFact]
    public async Task With_a_list_of_namespaces_these_are_served_and_no_right_is_missing_for_it()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        var ct = limit.Token;
        await using var bed = await HelmBed.StartAsync(ct);
        await bed.Kubectl.ApplyAsync(Path.Combine(Samples.Root, "..", "crd"), null, ct);
        foreach (var kind in new[] { "llmdeployments", "promptversions", "evalgates", "rolloutactions" })
            await bed.Kubectl.EstablishedAsync(ct, $"crd/{kind}.llmops.dev");
        foreach (var team in new[] { "team-a", "team-b", "team-c" })
            await bed.NamespaceAsync(team, ct);
        await bed.UpgradeAsync(Helm.Chart, ct, "--set", "namespaces={team-a,team-b}", "--set", "crds.enabled=false");
        await bed.Helm.RunAsync(ct, "test", HelmBed.Release, "--namespace", HelmBed.Namespace, "--timeout", "2m");

        foreach (var team in new[] { "team-c", "team-b", "team-a" })
            await bed.ApplyAsync(new Wanted(), team, ct);
        foreach (var (team, gate) in new[] { ("team-a", "{gate: support-quality}, "), ("team-b", string.Empty) })
        {
            await using var recorder = new DeploymentRecorder(bed.Client, team, Samples.Deployment, TimeProvider.System);
            await recorder.WaitAsync("v1 to serve", s => s is { Candidate: null, Stable.ReadyReplicas: > 0 }, ProductFixture.Patience, ct);
            await using var users = bed.Users(team, 20);
            await bed.ApplyAsync(new() { Revision = "v2", Steps = $"[{gate}{{weight: 50, hold: 1s, minRequests: 5}}]" }, team, ct);
            await recorder.WaitAsync("v2 to be promoted", s => s.Candidate is null && s.Stable?.Revision == "v2", ProductFixture.Patience, ct);
        }

        Assert.Equal(new LlmDeploymentStatus { ObservedGeneration = -1 }, (await bed.Client.GetAsync<LlmDeployment>(new("team-c", Samples.Deployment), ct))!.Status);
        Assert.Empty(bed.Refusals());
        // The operator's account, asked of the API server.
        foreach (var (verb, resource, ns, allowed) in new[] { ("list", "deployments.apps", "team-a", true), ("list", "deployments.apps", "team-c", false), ("get", "secrets", "team-c", false), ("list", "nodes", "team-c", true), ("patch", "pods", "team-c", false) })
            Assert.Equal(allowed, await MayAsync(bed, verb, resource, ns, ct));
    }

    /// <summary>UIDs of the pods.</summary>
    private static async Task<IReadOnlyList<string?>> EnginesAsync(HelmBed bed, string ns, string servingHash, CancellationToken ct) =>
        [.. (await Engines.ListAsync(bed.Client, ns, servingHash, ct)).Select(pod => pod.Metadata.Uid).Order(StringComparer.Ordinal)];

    private static async Task<bool> MayAsync(HelmBed bed, string verb, string resource, string ns, CancellationToken ct)
    {
        // kubectl says no by its exit code.
        try
        {
            return (await bed.Kubectl.RunAsync(ct, "auth", "can-i", verb, resource, "-n", ns, "--as", $"system:serviceaccount:{HelmBed.Namespace}:llmops-operator")).Trim() == "yes";
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    /// <summary>The same rollout in the same step, which began when it did.</summary>
    private static async Task AssertGoesOnAsync(HelmBed bed, DeploymentRecorder recorder, LlmDeploymentStatus before, string version, CancellationToken ct)
    {
        await Eventually.TrueAsync(async c => (await bed.ImagesAsync(c)).SequenceEqual([$"llmops/gateway:{version}", $"llmops/operator:{version}"]), ProductFixture.Patience, () => $"all pods are of {version}", ct);
        var now = recorder.Latest!.Status!;
        Assert.Equal(
            (before.Rollout!.Id, before.Rollout.StartedAt, before.Rollout.StepStartedAt, Reasons.AwaitingApproval, before.Candidate!.Release, 50),
            (now.Rollout!.Id, now.Rollout.StartedAt, now.Rollout.StepStartedAt, now.Rollout.Reason, now.Candidate!.Release, now.Candidate.Weight));
    }

    private static Task<string> ShortNamesAsync(HelmBed bed, CancellationToken ct) => bed.Kubectl.RunAsync(ct, "get", "crd", "rolloutrecords.llmops.dev", "-o", "jsonpath={.spec.names.shortNames}");

    /// <summary>The programs of the version before.</summary>
    private static ImageCatalog PreviousImages() => ImageCatalog.Default
        .With("llmops/operator:0.0.9", ImageCatalog.BuiltIn(Before, "Operator"))
        .With("llmops/gateway:0.0.9", ImageCatalog.BuiltIn(Before, "Gateway"))
        .With("llmops/evaluator:0.0.9", ImageCatalog.BuiltIn(Before, "Evaluator"));

    /// <summary>The chart of the version before, as 0.0.9; where there is none, this one as it may have been: with older images, and a kind that lacks something.</summary>
    private static string PreviousChart()
    {
        var chart = Directory.CreateTempSubdirectory("chart").FullName;
        var from = Path.Combine(Before, "charts", "llmops");
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(chart, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }

        Replace(Path.Combine(chart, "Chart.yaml"), "ersion: 0.1.0", "ersion: 0.0.9");
        if (Earlier is null)
            Replace(Path.Combine(chart, "files", "crds", "llmops.dev_rolloutrecords.yaml"), "    shortNames:\n      - record\n", string.Empty);
        return chart;
    }

    private static void Replace(string file, string what, string with)
    {
        var text = File.ReadAllText(file);
        Assert.Contains(what, text, StringComparison.Ordinal);
        File.WriteAllText(file, text.Replace(what, with, StringComparison.Ordinal));
    }
}
