using LlmOps.Api;
using LlmOps.Kubernetes;

namespace LlmOps.Gateway.Tests.Fakes;

/// <summary>Objects as the operator and the endpoint slice controller write them.</summary>
internal static class Cluster
{
    public const string Namespace = "default";

    public static LlmDeployment Deployment(
        string name = "bot", string ns = Namespace, ReleaseStatus? stable = null, ReleaseStatus? candidate = null,
        string? rollout = "9a3b12cd", int epoch = 1, string phase = "Stepping", string? stickiness = null, int warmUpRequests = 0, PricingSpec? pricing = null) => new()
        {
            Metadata = new ObjectMeta { Name = name, Namespace = ns, Uid = $"{ns}-{name}" },
            Spec = new LlmDeploymentSpec
            {
                Model = new ModelSpec { Source = "hf://org/model" },
                Engine = new EngineSpec { Type = "vLLM" },
                Traffic = stickiness is null ? null : new TrafficSpec { Stickiness = stickiness },
                Rollout = new RolloutSpec { Analysis = new AnalysisSpec { WarmUpRequests = warmUpRequests } },
                Pricing = pricing,
            },
            Status = new LlmDeploymentStatus
            {
                Stable = stable,
                Candidate = candidate,
                Rollout = rollout is null ? null : new RolloutStatus { Id = rollout, Release = candidate?.Release ?? "none", Phase = phase, WeightEpoch = epoch },
            },
        };

    public static ReleaseStatus Release(string release, string service, int weight, string? prompt = null, string? servedName = "served") => new()
    {
        Release = release,
        ServingHash = release,
        PromptHash = "none",
        Service = service,
        Weight = weight,
        Prompt = prompt,
        ServedName = servedName,
    };

    public static PromptVersion Prompt(
        string name, IReadOnlyList<PromptMessage> messages, IReadOnlyDictionary<string, PromptVariable>? variables = null,
        SamplingParameters? parameters = null, string ns = Namespace) => new()
        {
            Metadata = new ObjectMeta { Name = name, Namespace = ns, Uid = name },
            Spec = new PromptVersionSpec { Family = "support", Version = "1.0.0", Messages = messages, Variables = variables, Parameters = parameters },
        };

    public static EndpointSlice Slice(string service, params Uri[] addresses) => Slice(service, Namespace, addresses);

    public static EndpointSlice Slice(string service, string ns, params Uri[] addresses) => new()
    {
        Metadata = new ObjectMeta
        {
            Name = $"{service}-{(addresses.Length == 0 ? 0 : addresses[0].Port)}",
            Namespace = ns,
            Labels = new Dictionary<string, string> { [EndpointSlice.ServiceNameLabel] = service, [Labels.ManagedBy] = Labels.ManagedByValue },
        },
        Ports = [new EndpointPort { Name = "http", Port = addresses.Length == 0 ? 80 : addresses[0].Port }],
        Endpoints = [.. addresses.Select(a => new Endpoint { Addresses = [a.Host], Conditions = new EndpointConditions { Ready = true } })],
    };
}
