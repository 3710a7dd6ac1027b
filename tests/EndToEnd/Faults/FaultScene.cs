using System.Text.Json.Nodes;
using LlmOps.Api;
using LlmOps.Demo.Load;
using LlmOps.Demo.Stories;
using LlmOps.EndToEnd.Product;
using LlmOps.Kubernetes;

namespace LlmOps.EndToEnd.Faults;

/// <summary>
/// A namespace with an LlmDeployment that serves, of one pod where nothing else is asked for, and users. Rollouts in it are of prompts alone, each of its own: they need no pods and so no time.
/// Disposing deletes the namespace.
/// </summary>
internal sealed class FaultScene : IAsyncDisposable
{
    public const string GatewayService = "gateway";
    private const double RequestsPerSecond = 15;

    /// <summary>Many rollouts on a machine that is busy killing processes: none may be reverted for how slow its answers were, and one in a million by chance.</summary>
    private static readonly AnalysisSpec Unmoved = new() { WarmUpRequests = 10_000, FalseRevertProbability = new(0.000001) };

    private readonly FaultBed bed;
    private readonly LoadClient users;
    private int prompts;

    private FaultScene(FaultBed bed, string ns)
    {
        (this.bed, Namespace) = (bed, ns);
        Recorder = new DeploymentRecorder(bed.Client, ns, Samples.Deployment, TimeProvider.System);
        users = LoadClient.Start([bed.Gateway], $"{ns}/{Samples.Deployment}", Samples.Questions, RequestsPerSecond, TimeProvider.System);
    }

    public string Namespace { get; }

    public DeploymentRecorder Recorder { get; }

    public LlmDeploymentStatus Status => Recorder.Latest!.Status!;

    /// <summary>Requests of users that were not answered.</summary>
    public IReadOnlyCollection<string> UserFailures => [.. users.Statistics.Failures.Select(failure => $"{failure}")];

    public ObjectKey Key => new(Namespace, Samples.Deployment);

    /// <summary>Makes the namespace. The LlmDeployment waits for an operator: see <see cref="ServeAsync"/>.</summary>
    public static async Task<FaultScene> CreateAsync(FaultBed bed, CancellationToken ct)
    {
        var ns = $"fault-{Guid.NewGuid():N}"[..14];
        await bed.Client.CreateAsync(new Namespace { Metadata = new() { Name = ns } }, ct);
        await bed.Accounts.AllowLeaseAsync(ns, ct);
        await bed.Client.CreateAsync(
            new EndpointSlice
            {
                Metadata = new() { Name = "gateway", Namespace = ns, Labels = new Dictionary<string, string> { [EndpointSlice.ServiceNameLabel] = GatewayService } },
                Endpoints = [new() { Addresses = ["127.0.0.1"], Conditions = new() { Ready = true } }],
                Ports = [new() { Name = "admin", Port = bed.GatewayAdminPort }],
            },
            ct);
        return new(bed, ns);
    }

    /// <summary>Asks for the first release and waits until it serves; an operator must run.</summary>
    public async Task ServeAsync(CancellationToken ct, int replicas = 1)
    {
        await ApplyAsync("v1", await PromptAsync(ct), [], ct, replicas: replicas);
        await UntilAsync("the first release to serve", s => s.Stable?.ReadyReplicas == replicas && s.Candidate is null, ct);
    }

    /// <summary>Asks for a release that differs in its prompt alone; the prompt's name.</summary>
    public async Task<string> TryPromptAsync(IReadOnlyList<RolloutStep> steps, CancellationToken ct)
    {
        var prompt = await PromptAsync(ct);
        await ApplyAsync("v1", prompt, steps, ct);
        return prompt;
    }

    /// <summary>Asks for a release of another model with a prompt of its own, so that it is none that was tried before; the prompt's name.</summary>
    public async Task<string> TryNewAsync(string revision, IReadOnlyList<RolloutStep> steps, TimeSpan? bake, CancellationToken ct, TimeSpan? scaleDownDelay = null)
    {
        var prompt = await PromptAsync(ct);
        await ApplyAsync(revision, prompt, steps, ct, bake, scaleDownDelay);
        return prompt;
    }

    /// <summary>A gate that every model passes, for steps.</summary>
    public async Task<string> GateAsync(CancellationToken ct)
    {
        const string gate = "brief";
        await bed.Client.CreateAsync(
            new ConfigMap
            {
                Metadata = new() { Name = "questions", Namespace = Namespace },
                Data = new Dictionary<string, string> { ["cases.jsonl"] = string.Join('\n', File.ReadLines(Samples.Questions).Take(20)) },
            },
            ct);
        await bed.Client.CreateAsync(
            new EvalGate
            {
                Metadata = new() { Name = gate, Namespace = Namespace },
                Spec = new()
                {
                    Dataset = new() { ConfigMap = new() { Name = "questions", Key = "cases.jsonl" } },
                    Scorers = [new() { Name = gate, Type = "length", Unit = "words", Max = 500 }],
                    Criteria = [new() { Metric = gate, AtLeast = 0.5 }],
                },
            },
            ct);
        return gate;
    }

    /// <summary>Pods of a release that have an address (<see cref="Engines"/>).</summary>
    public async Task<IReadOnlyList<Pod>> PodsAsync(ReleaseStatus release, CancellationToken ct) =>
        [.. (await Engines.ListAsync(bed.Client, Namespace, release.ServingHash, ct)).Where(pod => pod.Status?.PodIP is not null)];

    /// <summary>Engines in these pods answer everything with 500 from now on.</summary>
    public static Task FailAsync(IReadOnlyCollection<Pod> pods, CancellationToken ct) =>
        Engines.ChangeAsync(pods, new JsonObject { ["failures"] = new JsonObject { ["rate5xx"] = 1 } }, ct);

    /// <summary>Asks for the candidate's end, which is a revert.</summary>
    public Task AbortAsync(CancellationToken ct) => bed.Client.CreateAsync(
        new RolloutAction
        {
            Metadata = new() { Name = $"abort-{Guid.NewGuid():N}"[..20], Namespace = Namespace },
            Spec = new() { Deployment = Samples.Deployment, Action = "Abort" },
        },
        ct);

    /// <summary>Waits until the status holds; returns it.</summary>
    public async Task<LlmDeploymentStatus> UntilAsync(string what, Func<LlmDeploymentStatus, bool> holds, CancellationToken ct) =>
        (await Recorder.WaitAsync(what, holds, FaultBed.Patience, ct)).Status!;

    /// <summary>Waits until the prompt is tried at a weight that it holds.</summary>
    public Task<LlmDeploymentStatus> UntilTriedAsync(string prompt, int weight, CancellationToken ct) =>
        UntilAsync($"{prompt} to get {weight} %", s => s.Candidate is { } candidate && candidate.Prompt == prompt && candidate.Weight == weight && s.Rollout?.HoldStartedAt is not null, ct);

    /// <summary>Waits until a rollout has ended and its record is named.</summary>
    public async Task<HistoryEntry> UntilEndedAsync(string rollout, CancellationToken ct) =>
        (await UntilAsync($"rollout {rollout} to end", s => s.Candidate is null && s.Retiring is null or { Count: 0 } && s.History?.Any(h => h.Id == rollout && h.Record is not null) == true, ct)).History!.Single(h => h.Id == rollout);

    public async Task<IReadOnlyList<T>> ListAsync<T>(CancellationToken ct)
        where T : class, IResource<T> => (await bed.Client.ListAsync<T>(Namespace, ct: ct)).Items;

    public async ValueTask DisposeAsync()
    {
        await users.DisposeAsync();
        await Recorder.DisposeAsync();
        await bed.Client.DeleteAsync<Namespace>(new(string.Empty, Namespace));
    }

    private async Task<string> PromptAsync(CancellationToken ct)
    {
        var name = $"p-{++prompts}";
        await bed.Client.CreateAsync(
            new PromptVersion
            {
                Metadata = new() { Name = name, Namespace = Namespace },
                Spec = new()
                {
                    Family = "p",
                    Version = $"1.0.{prompts}",
                    Messages = [new() { Role = "system", Template = $"Answer from the context, way {prompts}." }, new() { Role = "user", Template = "{{context}} {{query}}" }],
                    Variables = new Dictionary<string, PromptVariable> { ["query"] = new() { Required = true }, ["context"] = new() { Default = string.Empty } },
                },
            },
            ct);
        return name;
    }

    private Task<LlmDeployment> ApplyAsync(string revision, string prompt, IReadOnlyList<RolloutStep> steps, CancellationToken ct, TimeSpan? bake = null, TimeSpan? scaleDownDelay = null, int replicas = 1) => bed.Client.ApplyAsync(
        new LlmDeployment
        {
            Metadata = new() { Name = Samples.Deployment, Namespace = Namespace },
            Spec = new()
            {
                Model = new() { Source = "hf://acme/support-7b", Revision = revision },
                Engine = new() { Type = EngineTypes.VLlm, MaxModelLen = 8192 },
                Resources = new() { Gpu = new() { Count = 1, Product = "NVIDIA-H100-80GB-HBM3" } },
                Prompt = new() { Name = prompt },
                Replicas = replicas,
                Rollout = new() { Steps = steps.Count == 0 ? null : steps, ScaleDownDelay = scaleDownDelay ?? TimeSpan.FromSeconds(1), Bake = bake is { } time ? (Duration)time : null, Analysis = Unmoved },
            },
        },
        "user",
        ct: ct);
}
