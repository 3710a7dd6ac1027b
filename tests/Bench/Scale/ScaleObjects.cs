using LlmOps.Api;
using LlmOps.Kubernetes;

namespace LlmOps.Bench.Scale;

/// <summary>The objects that users and the cluster itself would make.</summary>
internal static class ScaleObjects
{
    public const int GpusPerNode = 8;
    private const string GpuResource = "nvidia.com/gpu";

    public static string NamespaceOf(int i, ScaleSize size) => $"team-{i % size.Namespaces:000}";

    public static string NameOf(int i) => $"llm-{i:00000}";

    public static ObjectKey KeyOf(int i, ScaleSize size) => new(NamespaceOf(i, size), NameOf(i));

    public static Namespace Namespace(string name) => new() { Metadata = new() { Name = name } };

    public static Node Node(int i)
    {
        var capacity = new Dictionary<string, string> { ["cpu"] = "128", ["memory"] = "1024Gi", ["pods"] = "110", [GpuResource] = $"{GpusPerNode}" };
        return new()
        {
            Metadata = new() { Name = $"gpu-{i:0000}", Labels = new Dictionary<string, string> { ["kubernetes.io/hostname"] = $"gpu-{i:0000}", ["nvidia.com/gpu.product"] = "NVIDIA-H100-80GB-HBM3" } },
            Spec = new(),
            Status = new() { Capacity = capacity, Allocatable = capacity, Conditions = [new() { Type = "Ready", Status = "True", Reason = "KubeletReady", Message = "played by the bench" }] },
        };
    }

    public static PromptVersion Prompt(string ns) => new()
    {
        Metadata = new() { Name = "support-1.0.0", Namespace = ns },
        Spec = new()
        {
            Family = "support",
            Version = "1.0.0",
            Messages = [new() { Role = "system", Template = "You are a support assistant for {{company}}. Answer from the context; say so when it does not hold the answer." }],
            Variables = new Dictionary<string, PromptVariable> { ["company"] = new() { Type = "string", Default = "ACME" } },
            Parameters = new() { Temperature = 0.3, MaxTokens = 256 },
        },
    };

    public static LlmDeployment Deployment(int i, ScaleSize size)
    {
        var (ns, name) = (NamespaceOf(i, size), NameOf(i));
        return new()
        {
            Metadata = new()
            {
                Name = name,
                Namespace = ns,
                Labels = new Dictionary<string, string> { ["app.kubernetes.io/part-of"] = $"product-{i % 37}", ["team"] = ns },
                Annotations = new Dictionary<string, string> { ["argocd.argoproj.io/tracking-id"] = $"{ns}:llmops.dev/LlmDeployment:{ns}/{name}" },
            },
            Spec = new()
            {
                Model = new() { Source = $"hf://acme/model-{i % 50}-7b-instruct", Revision = "0000000000000000000000000000000000000000", CredentialsSecretRef = new() { Name = "hf-token", Key = "token" } },
                Engine = new() { Type = EngineTypes.VLlm, MaxModelLen = 8192, GpuMemoryUtilization = 0.9, ExtraArgs = ["--enable-prefix-caching", "--max-num-seqs=256"] },
                Resources = new() { Gpu = new() { Count = 1 }, Cpu = "8", Memory = "64Gi" },
                Prompt = new() { Name = "support-1.0.0" },
                Replicas = IsAutoscaled(i) ? null : 1,
                Autoscaling = IsAutoscaled(i) ? new() { Min = 1, Max = 4 } : null,
                Rollout = new()
                {
                    Steps =
                    [
                        new() { Weight = 10, Hold = new(TimeSpan.FromSeconds(2)), MinRequests = 4 },
                        new() { Weight = 50, Hold = new(TimeSpan.FromSeconds(2)), MinRequests = 20 },
                    ],
                    ScaleDownDelay = new(TimeSpan.FromSeconds(3)),
                },
                Traffic = new() { Stickiness = "session" },
            },
        };
    }

    /// <summary>A pod of somebody else that holds no GPU, of a usual size.</summary>
    public static Pod ForeignPod(int i, ScaleSize size) => new()
    {
        Metadata = new()
        {
            Name = $"web-{i:00000}-7d9c5b6f4-x2x{i % 10}z",
            Namespace = NamespaceOf(i, size),
            Labels = new Dictionary<string, string> { ["app"] = $"web-{i % 100}", ["pod-template-hash"] = "7d9c5b6f4" },
        },
        Spec = new()
        {
            NodeName = Node(i % size.Nodes).Metadata.Name,
            Containers =
            [
                new()
                {
                    Name = "web",
                    Image = "registry.example/web:1",
                    Env = [.. Enumerable.Range(0, 20).Select(n => new EnvVar { Name = $"SETTING_{n}", Value = $"value of the setting {n}" })],
                    Resources = new() { Requests = new Dictionary<string, string> { ["cpu"] = "100m", ["memory"] = "128Mi" } },
                },
            ],
        },
    };

    /// <summary>The bench as the only gateway.</summary>
    public static EndpointSlice Gateway(ObjectKey service, string address, int port) => new()
    {
        Metadata = new() { Name = service.Name, Namespace = service.Namespace, Labels = new Dictionary<string, string> { [EndpointSlice.ServiceNameLabel] = service.Name } },
        Endpoints = [new() { Addresses = [address], Conditions = new() { Ready = true } }],
        Ports = [new() { Name = "admin", Port = port, Protocol = "TCP" }],
    };

    private static bool IsAutoscaled(int i) => i % 10 == 0;
}
