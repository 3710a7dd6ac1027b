using System.Text.Json.Nodes;
using LlmOps.Api;
using LlmOps.Demo.Load;
using LlmOps.Demo.Stories;
using LlmOps.Kubernetes;
using Xunit;

namespace LlmOps.EndToEnd.Product;

/// <summary>One namespace with a release that serves. Disposing deletes the namespace, so that its GPUs are free for the next test.</summary>
internal sealed class Scene(ProductFixture product, string ns, DeploymentRecorder recorder) : IAsyncDisposable
{
    public string Namespace => ns;

    public DeploymentRecorder Recorder => recorder;

    public string KubeconfigPath => product.Cluster.KubeconfigPath;

    public LlmDeploymentStatus Status => recorder.Latest!.Status!;

    public LoadClient Users(double requestsPerSecond) =>
        LoadClient.Start(product.Installation.Gateways, $"{ns}/{Samples.Deployment}", Samples.Questions, requestsPerSecond, TimeProvider.System);

    public Stage With(LoadClient load) => new()
    {
        Kubectl = product.Kubectl,
        Namespace = ns,
        Recorder = recorder,
        Load = load,
        GatewayAdmins = product.Installation.GatewayAdmins,
        Time = TimeProvider.System,
    };

    public async Task ApplyAsync(Wanted wanted, CancellationToken ct) => await product.Kubectl.ApplyAsync(await wanted.SaveAsync(ct), ns, ct);

    public Task<string> KubectlAsync(CancellationToken ct, params string[] arguments) => product.Kubectl.RunAsync(ct, ["-n", ns, .. arguments]);

    /// <summary>Waits until the status holds; returns it.</summary>
    public async Task<LlmDeploymentStatus> UntilAsync(string what, Func<LlmDeploymentStatus, bool> holds, CancellationToken ct) =>
        (await recorder.WaitAsync(what, holds, ProductFixture.Patience, ct)).Status!;

    /// <summary>Waits until a revision is tried at a weight that it holds.</summary>
    public Task<LlmDeploymentStatus> UntilTriedAsync(string revision, int weight, CancellationToken ct) =>
        UntilAsync($"{revision} to get {weight} %", s => s.Candidate is { } candidate && candidate.Revision == revision && candidate.Weight == weight && s.Rollout?.HoldStartedAt is not null, ct);

    /// <summary>Waits until a rollout has ended and its record is named.</summary>
    public async Task<HistoryEntry> UntilEndedAsync(string rollout, CancellationToken ct) =>
        (await UntilAsync($"rollout {rollout} to end", s => s.History?.Any(h => h.Id == rollout && h.Record is not null) == true, ct)).History!.Single(h => h.Id == rollout);

    /// <summary>Does what a person does with one of <c>config/samples/actions</c>, and returns it with its answer.</summary>
    public async Task<RolloutAction> ActAsync(string sample, string? release, CancellationToken ct)
    {
        var lines = (await File.ReadAllLinesAsync(Path.Combine(Samples.Root, "actions", $"{sample}.yaml"), ct)).Select(line =>
            line.StartsWith("  deployment:", StringComparison.Ordinal) ? $"  deployment: {Samples.Deployment}" :
            line.StartsWith("  release:", StringComparison.Ordinal) ? $"  release: \"{release}\"" : line);
        var file = Path.Combine(Directory.CreateTempSubdirectory("e2e").FullName, "action.yaml");
        await File.WriteAllLinesAsync(file, lines, ct);
        var name = (await KubectlAsync(ct, "create", "-f", file, "-o", "name")).Trim();
        await KubectlAsync(ct, "wait", "--for=jsonpath={.status.phase}", "--timeout=30s", name);
        return await product.Client.GetAsync<RolloutAction>(new(ns, name[(name.IndexOf('/', StringComparison.Ordinal) + 1)..]), ct)
            ?? throw new InvalidOperationException($"{name} is gone");
    }

    /// <summary>Changes how the candidate's running engines behave: body of the emulator's <c>/admin/behaviour</c>.</summary>
    public async Task ChangeCandidateAsync(JsonObject behaviour, CancellationToken ct) =>
        await Engines.ChangeAsync(await Engines.ListAsync(product.Client, ns, Status.Candidate!.ServingHash, ct), behaviour, ct);

    /// <summary>Every pod that a release ever had.</summary>
    public IReadOnlyList<Pod> PodsOf(ReleaseStatus release) => [.. recorder.Pods.Where(pod => pod.Metadata.Labels?.GetValueOrDefault(Labels.Serving) == release.ServingHash)];

    public async Task<IReadOnlyList<T>> ListAsync<T>(CancellationToken ct)
        where T : class, IResource<T> => (await product.Client.ListAsync<T>(ns, ct: ct)).Items;

    /// <summary>Each rollout that ended has one record, of the same outcome.</summary>
    public async Task AssertRecordsAsync(CancellationToken ct, params string[] outcomes)
    {
        var status = await UntilAsync("each rollout to have its record", s => s.History?.Count == outcomes.Length && s.History.All(h => h.Record is not null), ct);
        Assert.Equal(outcomes, status.History!.OrderBy(h => h.StartedAt).Select(h => h.Outcome));
        var records = await ListAsync<RolloutRecord>(ct);
        Assert.Equal(status.History!.Select(h => (h.Id, h.Record!, h.Outcome, h.Reason)).Order(), records.Select(r => (r.Spec.Rollout, r.Metadata.Name!, r.Spec.Outcome, r.Spec.Reason)).Order());
    }

    public async ValueTask DisposeAsync()
    {
        await recorder.DisposeAsync();
        await product.Client.DeleteAsync<Namespace>(new(string.Empty, ns));
    }
}
