using LlmOps.Api;
using LlmOps.Bench.Loading;
using LlmOps.Kubernetes;

namespace LlmOps.Bench.Gateway;

/// <summary>What the gateway routes by, written by hand in the operator's place: a stable release and a candidate at 25 %, both on the fixed-answer engine, with a prompt each.</summary>
internal static class RouteObjects
{
    public const int CandidateWeight = 25;
    private const string Namespace = "default";

    public static async Task CreateAsync(KubernetesClient client, int enginePort, CancellationToken ct)
    {
        await client.CreateAsync(Prompt("bench-1.0.0", "1.0.0", "You are a support assistant for {{company}}. Answer from the context; say so when it does not hold the answer."), ct);
        await client.CreateAsync(Prompt("bench-1.1.0", "1.1.0", "You are a precise support assistant for {{company}}. Answer in one short sentence, from the context."), ct);
        await client.CreateAsync(Slice("bench-stable", enginePort), ct);
        await client.CreateAsync(Slice("bench-candidate", enginePort), ct);
        var deployment = await client.CreateAsync(Deployment(), ct);
        await client.ReplaceStatusAsync(deployment with { Status = Status() }, ct);
    }

    private static PromptVersion Prompt(string name, string version, string system) => new()
    {
        Metadata = new() { Name = name, Namespace = Namespace },
        Spec = new()
        {
            Family = "bench",
            Version = version,
            Messages = [new() { Role = "system", Template = system }, new() { Role = "user", Template = "Context: {{context}}" }],
            Variables = new Dictionary<string, PromptVariable>
            {
                ["company"] = new() { Type = "string", Default = "ACME" },
                ["context"] = new() { Type = "string", Default = "", Trust = "untrusted" },
            },
            Parameters = new() { Temperature = 0.3, MaxTokens = 256 },
        },
    };

    private static EndpointSlice Slice(string service, int port) => new()
    {
        Metadata = new() { Name = service, Namespace = Namespace, Labels = new Dictionary<string, string> { [EndpointSlice.ServiceNameLabel] = service, [Labels.ManagedBy] = Labels.ManagedByValue } },
        Endpoints = [new() { Addresses = ["127.0.0.1"], Conditions = new() { Ready = true } }],
        Ports = [new() { Name = "http", Port = port, Protocol = "TCP" }],
    };

    private static LlmDeployment Deployment() => new()
    {
        Metadata = new() { Name = ChatRequest.Model, Namespace = Namespace },
        Spec = new()
        {
            Model = new() { Source = "hf://bench/model", Revision = "2" },
            Engine = new() { Type = EngineTypes.VLlm },
            Prompt = new() { Name = "bench-1.1.0" },
        },
    };

    private static LlmDeploymentStatus Status() => new()
    {
        Phase = "Progressing",
        Stable = Release("1111111111", "bench-1.0.0", "bench-stable", 100 - CandidateWeight),
        Candidate = Release("2222222222", "bench-1.1.0", "bench-candidate", CandidateWeight),
        Rollout = new() { Id = "9a3b12cd", Release = "2222222222", Phase = "Stepping", WeightEpoch = 1, MaxWeight = CandidateWeight },
    };

    private static ReleaseStatus Release(string hash, string prompt, string service, int weight) => new()
    {
        Release = hash,
        ServingHash = hash,
        PromptHash = hash,
        Prompt = prompt,
        ServedName = "bench-model",
        Service = service,
        Weight = weight,
    };
}
