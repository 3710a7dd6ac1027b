using System.Text.Json;
using LlmOps.Api.Schema;
using LlmOps.Kubernetes;

namespace LlmOps.Api;

/// <summary>What an LlmDeployment asks for.</summary>
[CelRule("!(has(self.replicas) && has(self.autoscaling))", "set either replicas (a fixed number) or autoscaling (min and max), not both")]
[CelRule($"!({RouteReference.CelIsNamed} && (has(self.prompt) || has(self.artifacts)))", $"requests of {RouteReference.AnyKind} do not pass the operator's gateway, which alone renders prompts and splits releases that share pods: leave out prompt and artifacts, or {RouteReference.AllFields}")]
[CelRule($"!({RouteReference.CelIsNamed} && self.engine.type == 'llama.cpp')", $"llama.cpp does not count its requests, so nobody could tell what a candidate behind {RouteReference.AnyKind} answered: use another engine, or leave out {RouteReference.AllFields}")]
[CelRule($"!({RouteReference.CelIsNamed} && has(self.rollout) && has(self.rollout.steps) && self.rollout.steps.exists(s, has(s.mirror)))", $"requests of {RouteReference.AnyKind} do not pass the operator's gateway, which alone copies them to a candidate: put a gate in the place of the mirror step, or leave out {RouteReference.AllFields}")]
public sealed record LlmDeploymentSpec
{
    /// <summary>The model to serve. A change starts a rollout.</summary>
    public required ModelSpec Model { get; init; }

    /// <summary>The inference engine. A change starts a rollout.</summary>
    public required EngineSpec Engine { get; init; }

    /// <summary>GPUs, CPU and memory of one replica. A change starts a rollout.</summary>
    public ResourcesSpec? Resources { get; init; }

    /// <summary>Scheduling of the pods and what they may use. A change starts a rollout.</summary>
    public PodTemplateOverrides? PodTemplate { get; init; }

    /// <summary>The prompt to put in front of each request. A change of this alone is rolled out on the pods that run and needs no GPU.</summary>
    public PromptReference? Prompt { get; init; }

    /// <summary>Further named, versioned things that are part of the release, such as a vector index or a guardrail configuration. A change starts a rollout.</summary>
    [ListType("map", "name")]
    [Size(Max = 16)]
    public IReadOnlyList<ArtifactSpec>? Artifacts { get; init; }

    /// <summary>Fixed number of replicas, 1 by default. Not together with autoscaling.</summary>
    [Bounds(Min = 0, Max = 1000)]
    public int? Replicas { get; init; }

    /// <summary>Scales the number of replicas by load. Not together with replicas.</summary>
    public AutoscalingSpec? Autoscaling { get; init; }

    /// <summary>How a change is tried and taken over. Without it: 5 %, 25 %, 50 %, then all, with live tests on.</summary>
    public RolloutSpec? Rollout { get; init; }

    /// <summary>How requests find a release.</summary>
    public TrafficSpec? Traffic { get; init; }

    /// <summary>What tokens cost. Prices make the cost metric and the live test of cost; a change of them rolls nothing.</summary>
    public PricingSpec? Pricing { get; init; }
}

/// <summary>A model and where it comes from.</summary>
public sealed record ModelSpec
{
    /// <summary>Where the weights are: <c>hf://org/name</c>, <c>s3://bucket/path</c>, <c>gs://bucket/path</c>, <c>pvc://claim/path</c> or <c>https://…</c> (a single file, llama.cpp).</summary>
    [TextPattern("^(hf|s3|gs|pvc|https)://[^\\s]+$", Message = "write a source such as hf://org/name, s3://bucket/path, gs://bucket/path, pvc://claim/path or https://host/file.gguf")]
    [Size(Min = 6, Max = 512)]
    public required string Source { get; init; }

    /// <summary>Revision of the source: commit, tag or branch. Pin a commit, so that what was tested is what serves.</summary>
    [Size(Min = 1, Max = 128)]
    public string? Revision { get; init; }

    /// <summary>Name under which the engine serves the model. Default: the name of the LlmDeployment.</summary>
    [Size(Min = 1, Max = 128)]
    public string? ServedName { get; init; }

    /// <summary>Secret that holds the token for the source (<c>HF_TOKEN</c>). Read by the pod, never by the operator.</summary>
    public SecretKeyReference? CredentialsSecretRef { get; init; }

    /// <summary>Where downloaded weights are kept. Default: an emptyDir of each pod.</summary>
    public ModelCacheSpec? Cache { get; init; }
}

/// <summary>One key of a Secret in the same namespace.</summary>
public sealed record SecretKeyReference
{
    /// <summary>Name of the Secret.</summary>
    [TextPattern(Patterns.ObjectName, Message = Patterns.ObjectNameMessage)]
    [Size(Min = 1, Max = 253)]
    public required string Name { get; init; }

    /// <summary>Key in the Secret.</summary>
    [TextPattern(Patterns.DataKey, Message = Patterns.DataKeyMessage)]
    [Size(Min = 1, Max = 253)]
    public required string Key { get; init; }
}

/// <summary>Where downloaded weights are kept: exactly one of the two.</summary>
[CelRule("has(self.emptyDir) != has(self.persistentVolumeClaim)", "set exactly one of emptyDir and persistentVolumeClaim")]
public sealed record ModelCacheSpec
{
    /// <summary>A directory that lives as long as the pod.</summary>
    public EmptyDirCache? EmptyDir { get; init; }

    /// <summary>A claim that pods share, so that a model is downloaded once.</summary>
    public ClaimCache? PersistentVolumeClaim { get; init; }
}

/// <summary>A directory that lives as long as the pod.</summary>
public sealed record EmptyDirCache
{
    /// <summary>Largest size, as a quantity such as <c>100Gi</c>.</summary>
    [TextPattern(Patterns.Bytes, Message = "write a quantity such as 64Gi or 500M")]
    [Size(Max = 32)]
    public string? SizeLimit { get; init; }
}

/// <summary>A persistent volume claim in the same namespace.</summary>
public sealed record ClaimCache
{
    /// <summary>Name of the claim.</summary>
    [TextPattern(Patterns.ObjectName, Message = Patterns.ObjectNameMessage)]
    [Size(Min = 1, Max = 253)]
    public required string ClaimName { get; init; }
}

/// <summary>The inference engine and its arguments.</summary>
public sealed record EngineSpec
{
    /// <summary>Which engine serves the model.</summary>
    [OneOf(EngineTypes.VLlm, EngineTypes.Tgi, EngineTypes.LlamaCpp)]
    public required string Type { get; init; }

    /// <summary>Image. Default: the one that this version of the operator was tested with.</summary>
    [Size(Min = 1, Max = 512)]
    public string? Image { get; init; }

    /// <summary>Number format of the weights, such as <c>bfloat16</c>. Default: the engine's choice.</summary>
    [Size(Min = 1, Max = 32)]
    public string? Dtype { get; init; }

    /// <summary>Longest context in tokens (prompt and answer). Default: the model's.</summary>
    [Bounds(Min = 1, Max = 100_000_000)]
    public int? MaxModelLen { get; init; }

    /// <summary>Quantization method, such as <c>awq</c> or <c>fp8</c>. Default: as the model says.</summary>
    [Size(Min = 1, Max = 64)]
    public string? Quantization { get; init; }

    /// <summary>GPUs that one model is spread over. Default: resources.gpu.count.</summary>
    [Bounds(Min = 1, Max = 64)]
    public int? TensorParallelSize { get; init; }

    /// <summary>Share of GPU memory that the engine takes, above 0 and up to 1. Default: the engine's.</summary>
    [Bounds(Min = 0, ExclusiveMin = true, Max = 1)]
    public double? GpuMemoryUtilization { get; init; }

    /// <summary>Further arguments, passed on as they are, after the operator's own.</summary>
    [Size(Max = 64)]
    public IReadOnlyList<string>? ExtraArgs { get; init; }

    /// <summary>Further environment of the engine container. Secrets by reference only.</summary>
    [ListType("map", "name")]
    [Size(Max = 64)]
    public IReadOnlyList<EngineEnvVar>? Env { get; init; }

    /// <summary>
    /// Secret that holds the API key of the engine. Pods get it by environment, requests of the gateway, of warm-ups and of evaluations carry it in place of what
    /// clients send. Its name and key are part of the release, its content is not: a new key is a Secret of a new name.
    /// </summary>
    public SecretKeyReference? ApiKeySecretRef { get; init; }

    /// <summary>Seconds that a pod may take to finish running answers when it is stopped, default 30.</summary>
    [SchemaDefault("30")]
    [Bounds(Min = 0, Max = 3600)]
    public int? DrainSeconds { get; init; }

    /// <summary>Longest time from container start to the engine answering (weights, compilation, warm-up), default 20m.</summary>
    [SchemaDefault("\"20m\"")]
    public Duration? StartupDeadline { get; init; }
}

/// <summary>Values of <see cref="EngineSpec.Type"/>.</summary>
public static class EngineTypes
{
    public const string VLlm = "vLLM";

    public const string Tgi = "TGI";

    public const string LlamaCpp = "llama.cpp";
}

/// <summary>One environment variable: a value, or a key of a Secret.</summary>
[CelRule("has(self.value) != has(self.secretKeyRef)", "set exactly one of value and secretKeyRef")]
public sealed record EngineEnvVar
{
    /// <summary>Name of the variable.</summary>
    [TextPattern("^[A-Za-z_][A-Za-z0-9_]*$", Message = "an environment variable is a letter or underscore, then letters, digits and underscores")]
    [Size(Min = 1, Max = 128)]
    public required string Name { get; init; }

    /// <summary>What the variable is set to, as it is. A secret belongs into a Secret, with secretKeyRef.</summary>
    [Size(Max = 4096)]
    public string? Value { get; init; }

    /// <summary>Secret key to take the value from.</summary>
    public SecretKeyReference? SecretKeyRef { get; init; }
}

/// <summary>What one replica needs.</summary>
public sealed record ResourcesSpec
{
    /// <summary>GPUs of one replica. None for an engine on CPU.</summary>
    public GpuSpec? Gpu { get; init; }

    /// <summary>CPU request, such as <c>8</c> or <c>500m</c>.</summary>
    [TextPattern("^[0-9]+(\\.[0-9]+)?m?$", Message = "write CPUs such as 8, 0.5 or 500m")]
    [Size(Max = 32)]
    public string? Cpu { get; init; }

    /// <summary>Memory request and limit, such as <c>64Gi</c>.</summary>
    [TextPattern(Patterns.Bytes, Message = "write a quantity such as 64Gi or 500M")]
    [Size(Max = 32)]
    public string? Memory { get; init; }

    /// <summary>Size of <c>/dev/shm</c>. Default: what the engine needs for its GPU count.</summary>
    [TextPattern(Patterns.Bytes, Message = "write a quantity such as 64Gi or 500M")]
    [Size(Max = 32)]
    public string? SharedMemory { get; init; }
}

/// <summary>GPUs of one replica.</summary>
public sealed record GpuSpec
{
    /// <summary>How many, default 1.</summary>
    [SchemaDefault("1")]
    [Bounds(Min = 0, Max = 64)]
    public int? Count { get; init; }

    /// <summary>Extended resource to request, default <c>nvidia.com/gpu</c>.</summary>
    [SchemaDefault("\"nvidia.com/gpu\"")]
    [TextPattern("^[a-z0-9.-]+/[A-Za-z0-9._-]+$", Message = "write an extended resource such as nvidia.com/gpu or amd.com/gpu")]
    [Size(Max = 128)]
    public string? ResourceName { get; init; }

    /// <summary>GPU model, matched against the node label <c>nvidia.com/gpu.product</c>.</summary>
    [Size(Min = 1, Max = 63)]
    public string? Product { get; init; }
}

/// <summary>Scheduling of the pods and what they may use.</summary>
public sealed record PodTemplateOverrides
{
    /// <summary>Labels to add to the pods. Those of <c>llmops.dev/</c> belong to the operator.</summary>
    [CelRule("self.all(k, !k.startsWith('llmops.dev/'))", "labels of llmops.dev/ belong to the operator: choose another prefix")]
    [Size(Max = 32)]
    public IReadOnlyDictionary<string, string>? Labels { get; init; }

    /// <summary>Annotations to add to the pods.</summary>
    [Size(Max = 32)]
    public IReadOnlyDictionary<string, string>? Annotations { get; init; }

    /// <summary>Node labels that must match.</summary>
    [Size(Max = 32)]
    public IReadOnlyDictionary<string, string>? NodeSelector { get; init; }

    /// <summary>Taints that the pods tolerate.</summary>
    [Size(Max = 32)]
    public IReadOnlyList<Toleration>? Tolerations { get; init; }

    /// <summary>Affinity, as in a pod.</summary>
    [PreserveUnknownFields]
    public JsonElement? Affinity { get; init; }

    /// <summary>Name of the PriorityClass of the pods.</summary>
    [Size(Min = 1, Max = 253)]
    public string? PriorityClassName { get; init; }

    /// <summary>Runtime class, such as <c>nvidia</c>.</summary>
    [Size(Min = 1, Max = 253)]
    public string? RuntimeClassName { get; init; }

    /// <summary>Service account of the pods. They get no API token all the same.</summary>
    [TextPattern(Patterns.ObjectName, Message = Patterns.ObjectNameMessage)]
    [Size(Min = 1, Max = 253)]
    public string? ServiceAccountName { get; init; }

    /// <summary>Secrets for pulling the image.</summary>
    [Size(Max = 8)]
    public IReadOnlyList<LocalObjectReference>? ImagePullSecrets { get; init; }
}

/// <summary>The prompt of a release.</summary>
public sealed record PromptReference
{
    /// <summary>Name of a PromptVersion in the same namespace.</summary>
    [TextPattern(Patterns.ObjectName, Message = Patterns.ObjectNameMessage)]
    [Size(Min = 1, Max = 253)]
    public required string Name { get; init; }
}

/// <summary>A versioned thing beside model and prompt.</summary>
public sealed record ArtifactSpec
{
    /// <summary>Name, unique in the list.</summary>
    [Size(Min = 1, Max = 63)]
    public required string Name { get; init; }

    /// <summary>Version or digest. Another version is another release.</summary>
    [Size(Min = 1, Max = 256)]
    public required string Version { get; init; }
}

/// <summary>Scales the number of replicas by load.</summary>
[CelRule("self.min <= self.max", "min must not be above max: lower min or raise max", FieldPath = ".min")]
public sealed record AutoscalingSpec
{
    /// <summary>Fewest replicas, default 1.</summary>
    [SchemaDefault("1")]
    [Bounds(Min = 1, Max = 1000)]
    public int? Min { get; init; }

    /// <summary>Most replicas that the autoscaler asks for.</summary>
    [Bounds(Min = 1, Max = 1000)]
    public required int Max { get; init; }

    /// <summary>Total that the HorizontalPodAutoscaler asks for, through the scale subresource. Leave it out of manifests.</summary>
    [SchemaDefault("1")]
    [Bounds(Min = 1, Max = 1000)]
    public int? Replicas { get; init; }

    /// <summary>What to scale on. Default: 16 running requests per replica.</summary>
    [ListType("map", "type")]
    [Size(Min = 1, Max = 4)]
    public IReadOnlyList<AutoscalingMetric>? Metrics { get; init; }
}

/// <summary>One load signal and its target.</summary>
public sealed record AutoscalingMetric
{
    /// <summary>Signal: requests that run, requests that wait, or use of the KV cache in per cent.</summary>
    [OneOf("RunningRequests", "QueuedRequests", "KvCacheUsage")]
    public required string Type { get; init; }

    /// <summary>Average per replica to hold: requests, or per cent for KvCacheUsage.</summary>
    [Bounds(Min = 1, Max = 1_000_000)]
    public required int Target { get; init; }
}

/// <summary>How requests find a release.</summary>
[CelRule("!(has(self.httpRoute) && has(self.virtualService))", "set either httpRoute (Gateway API) or virtualService (Istio), not both")]
public sealed record TrafficSpec
{
    /// <summary>What stays with one release while a rollout runs: <c>session</c> (header <c>x-llmops-session</c>, else the request's <c>user</c>, else each request by itself), <c>user</c> or <c>request</c>. Default session.</summary>
    [SchemaDefault("\"session\"")]
    [OneOf("session", "user", "request")]
    public string? Stickiness { get; init; }

    /// <summary>
    /// Splits the requests of an HTTPRoute of Gateway API too, by the weights of the Services <c>NAME-stable</c> and <c>NAME-candidate</c> that the operator
    /// makes for it. Without it, only requests that pass the operator's own gateway are split.
    /// </summary>
    public HttpRouteTrafficSpec? HttpRoute { get; init; }

    /// <summary>
    /// Splits the requests of a VirtualService of Istio too, by the weights of the Services <c>NAME-stable</c> and <c>NAME-candidate</c> that the operator
    /// makes for it. Not together with <c>httpRoute</c>.
    /// </summary>
    public VirtualServiceTrafficSpec? VirtualService { get; init; }
}

/// <summary>An HTTPRoute whose weights follow the rollout. Everything else on it stays as its owner wrote it.</summary>
public sealed record HttpRouteTrafficSpec
{
    /// <summary>Name of an HTTPRoute in the same namespace. Rules that are to be split list both Services of this LlmDeployment, port 8000, among their backendRefs.</summary>
    [TextPattern(Patterns.ObjectName, Message = Patterns.ObjectNameMessage)]
    [Size(Min = 1, Max = 253)]
    public required string Name { get; init; }

    /// <summary>The rules to split, each by its name or by its index from 0. Default: every rule that lists both Services.</summary>
    [ListType("set")]
    [Size(Min = 1, Max = 16)]
    public IReadOnlyList<string>? Rules { get; init; }
}

/// <summary>A VirtualService whose weights follow the rollout. Everything else on it stays as its owner wrote it.</summary>
public sealed record VirtualServiceTrafficSpec
{
    /// <summary>Name of a VirtualService in the same namespace. HTTP routes that are to be split list both Services of this LlmDeployment, port 8000, among their destinations.</summary>
    [TextPattern(Patterns.ObjectName, Message = Patterns.ObjectNameMessage)]
    [Size(Min = 1, Max = 253)]
    public required string Name { get; init; }

    /// <summary>The HTTP routes (<c>spec.http</c>) to split, each by its name or by its index from 0. Default: every one that lists both Services.</summary>
    [ListType("set")]
    [Size(Min = 1, Max = 16)]
    public IReadOnlyList<string>? Routes { get; init; }
}

/// <summary>What tokens cost.</summary>
[CelRule("self.inputPerMillion > 0.0 || self.outputPerMillion > 0.0", "both prices are 0, so nothing would ever cost anything: set one of them, or leave pricing out")]
public sealed record PricingSpec
{
    /// <summary>Price of a million input tokens.</summary>
    [Bounds(Min = 0, Max = 1_000_000_000)]
    public required double InputPerMillion { get; init; }

    /// <summary>Price of a million output tokens.</summary>
    [Bounds(Min = 0, Max = 1_000_000_000)]
    public required double OutputPerMillion { get; init; }

    /// <summary>Currency of the prices, three letters, default USD: the label <c>currency</c> of the metric <c>llmops_gateway_cost_total</c>.</summary>
    [SchemaDefault("\"USD\"")]
    [TextPattern("^[A-Z]{3}$", Message = "write a currency code of three capital letters, such as USD")]
    [Size(Min = 3, Max = 3)]
    public string? Currency { get; init; }
}
