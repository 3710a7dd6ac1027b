namespace LlmOps.Api;

/// <summary>The API group and what all its kinds share.</summary>
public static class ApiGroup
{
    public const string Name = "llmops.dev";

    public const string Version = "v1alpha1";

    public const string ApiVersion = Name + "/" + Version;

    /// <summary><c>kubectl get llmops</c> lists all kinds.</summary>
    public const string Category = "llmops";

    /// <summary>Status that the API server gives an object until the operator has seen it: without a generation kstatus, and so Flux, would take it for done.</summary>
    public const string UnseenStatus = """{"observedGeneration": -1}""";

    /// <summary>Field manager of the operator's writes.</summary>
    public const string OperatorFieldManager = "llmops-operator";

    /// <summary>Field manager of the evaluator's report.</summary>
    public const string EvaluatorFieldManager = "llmops-evaluator";
}

/// <summary>Label keys and values on everything that the operator owns.</summary>
public static class Labels
{
    public const string ManagedBy = "app.kubernetes.io/managed-by";

    public const string ManagedByValue = "llmops-operator";

    public const string AppName = "app.kubernetes.io/name";

    /// <summary>Name of the LlmDeployment that an object belongs to.</summary>
    public const string Deployment = "llmops.dev/deployment";

    /// <summary>Serving hash of the release whose pods these are.</summary>
    public const string Serving = "llmops.dev/serving";

    /// <summary>Hash of the release that a ControllerRevision is the snapshot of.</summary>
    public const string Release = "llmops.dev/release";

    /// <summary><see cref="Tracks.Stable"/> or <see cref="Tracks.Candidate"/>; on pods it follows the role, so it is not in the pod template.</summary>
    public const string Track = "llmops.dev/track";

    /// <summary>Name of the EvalRun that a Job, its pods and its report belong to.</summary>
    public const string EvalRun = "llmops.dev/evalrun";

    /// <summary>Name of the group of operators whose member a Lease shows to be there.</summary>
    public const string OperatorGroup = "llmops.dev/operator-group";

    /// <summary>Name of the group of operators that lead by a Lease: by one of it, or by one for each shard.</summary>
    public const string LeadersOf = "llmops.dev/leaders-of";

    /// <summary>Number of shards that whoever last led by a Lease knew.</summary>
    public const string Shards = "llmops.dev/shards";
}

/// <summary>Annotation keys on what the operator owns.</summary>
public static class Annotations
{
    /// <summary>Hash of what the operator last applied to an object, so that a field that it no longer wants is found too.</summary>
    public const string Applied = "llmops.dev/applied";

    /// <summary>Index of the rollout step that an EvalRun belongs to, from 0.</summary>
    public const string Step = "llmops.dev/step";

    /// <summary>Attempt of the gate that an EvalRun is, from 1.</summary>
    public const string Attempt = "llmops.dev/attempt";
}

/// <summary>Values of <see cref="Labels.Track"/> and of the <c>track</c> label of every metric.</summary>
public static class Tracks
{
    public const string Stable = "stable";

    public const string Candidate = "candidate";
}

/// <summary>Finalizers that the operator sets.</summary>
public static class Finalizers
{
    /// <summary>On a PromptVersion while a release that serves uses it.</summary>
    public const string PromptInUse = "llmops.dev/in-use";
}
