namespace LlmOps.Api;

/// <summary>Condition types of all kinds. Ready, Reconciling and Stalled mean what kstatus, and with it <c>kubectl wait</c>, Flux and Argo CD, take them for: Stalled that is True has failed, Reconciling that is True or Ready that is not is in progress. The others are for people.</summary>
public static class ConditionTypes
{
    public const string Ready = "Ready";
    /// <summary>Whether a rollout is on its way. Never True beside Stalled, since readers take whichever of both comes first.</summary>
    public const string Reconciling = "Reconciling";
    public const string Stalled = "Stalled";
    public const string Degraded = "Degraded";
    public const string GatePassed = "GatePassed";
    public const string MetricsAvailable = "MetricsAvailable";
    public const string CapacityAvailable = "CapacityAvailable";

    /// <summary>Whether the route of <c>traffic.httpRoute</c> or <c>traffic.virtualService</c> has the weights of the status, and they are in effect as far as anybody tells. Only where one is named.</summary>
    public const string RouteAccepted = "RouteAccepted";
}

/// <summary>Reasons of conditions and events. Stable: alerts and runbooks name them.</summary>
public static class Reasons
{
    // All is well
    public const string Serving = "Serving";
    public const string Valid = "Valid";
    public const string NoRollout = "NoRollout";

    // A rollout moves or waits
    public const string FirstRelease = "FirstRelease";
    public const string RolloutStarted = "RolloutStarted";
    public const string WaitingForPods = "WaitingForPods";
    public const string WaitingForWarmUp = "WaitingForWarmUp";
    public const string WaitingForEndpoints = "WaitingForEndpoints";
    public const string WaitingForGate = "WaitingForGate";
    public const string GatePassed = "GatePassed";
    public const string WeightChanged = "WeightChanged";
    public const string Holding = "Holding";
    public const string Mirroring = "Mirroring";
    public const string WaitingForRequests = "WaitingForRequests";
    public const string WaitingForMetrics = "WaitingForMetrics";
    public const string WaitingForProof = "WaitingForProof";
    public const string SampleRatioMismatch = "SampleRatioMismatch";
    public const string LimitInconclusive = "LimitInconclusive";
    public const string WaitingForRoute = "WaitingForRoute";
    public const string TrafficShareMismatch = "TrafficShareMismatch";
    public const string RouteAccepted = "RouteAccepted";
    public const string Paused = "Paused";
    public const string Promoting = "Promoting";
    public const string Baking = "Baking";
    public const string Promoted = "Promoted";
    public const string Superseded = "Superseded";
    public const string ReplicaTaken = "ReplicaTaken";

    // How a candidate gets its GPUs
    public const string Surge = "Surge";
    public const string TakeFromStable = "TakeFromStable";
    public const string Recreate = "Recreate";

    public const string CandidateReady = "CandidateReady";
    public const string StepsDone = "StepsDone";

    // Only in the timeline of a rollout
    public const string SpecChanged = "SpecChanged";
    public const string StepEntered = "StepEntered";
    public const string VerdictReached = "VerdictReached";

    public const string AwaitingApproval = "AwaitingApproval";
    public const string AwaitingDecision = "AwaitingDecision";

    // A person acts
    public const string Resumed = "Resumed";
    public const string Approved = "Approved";
    public const string PromotionRequested = "PromotionRequested";
    public const string StepSkipped = "StepSkipped";
    public const string Aborted = "Aborted";
    public const string Retried = "Retried";
    public const string RollbackStarted = "RollbackStarted";
    public const string RolledBack = "RolledBack";
    public const string ActionRefused = "ActionRefused";
    public const string ActionApplied = "ActionApplied";
    public const string DeploymentNotFound = "DeploymentNotFound";

    // A rollout fails
    public const string ApprovalTimedOut = "ApprovalTimedOut";
    public const string GateFailed = "GateFailed";
    public const string GateInconclusive = "GateInconclusive";
    public const string LiveTestFailed = "LiveTestFailed";
    public const string CheckFailed = "CheckFailed";
    public const string SpecReverted = "SpecReverted";
    public const string ProgressDeadlineExceeded = "ProgressDeadlineExceeded";
    public const string StartupDeadlineExceeded = "StartupDeadlineExceeded";
    public const string CandidateUnavailable = "CandidateUnavailable";
    public const string WaitingForStable = "WaitingForStable";
    public const string StableUnavailable = "StableUnavailable";
    public const string PromptCannotRender = "PromptCannotRender";
    public const string CandidateUnauthorized = "CandidateUnauthorized";
    public const string Reverted = "Reverted";
    public const string ReleaseLocked = "ReleaseLocked";

    // Metric sources
    public const string MetricsRead = "MetricsRead";
    public const string NothingMeasured = "NothingMeasured";
    public const string NoMetricData = "NoMetricData";
    public const string NotMeasured = "NotMeasured";
    public const string MetricsUnavailable = "MetricsUnavailable";

    // Something a person must mend
    public const string CheckInvalid = "CheckInvalid";
    public const string PromptNotFound = "PromptNotFound";
    public const string PromptInvalid = "PromptInvalid";
    public const string GateNotFound = "GateNotFound";
    public const string GateInvalid = "GateInvalid";
    public const string DatasetInvalid = "DatasetInvalid";
    public const string EvaluationFailed = "EvaluationFailed";
    public const string JudgeNotFound = "JudgeNotFound";
    public const string JudgeUnavailable = "JudgeUnavailable";
    public const string UnsupportedEngineSetting = "UnsupportedEngineSetting";
    public const string ImagePullFailed = "ImagePullFailed";
    public const string PodCrashLoop = "PodCrashLoop";
    public const string InsufficientGpus = "InsufficientGpus";
    public const string NoReadyPods = "NoReadyPods";
    public const string ApplyRefused = "ApplyRefused";
    public const string RouteNotFound = "RouteNotFound";
    public const string RouteNotAccepted = "RouteNotAccepted";
    public const string RouteWithoutBackends = "RouteWithoutBackends";
}

/// <summary>The five outcomes of a gate or a live test. Only Pass moves forward, only Fail reverts at once.</summary>
public static class Verdicts
{
    public const string Pass = "Pass";
    public const string Fail = "Fail";
    public const string Inconclusive = "Inconclusive";
    public const string NoData = "NoData";
    public const string ProviderError = "ProviderError";
}

/// <summary>Values of <see cref="LlmDeploymentStatus.Phase"/>.</summary>
public static class DeploymentPhases
{
    public const string Pending = "Pending";
    public const string Progressing = "Progressing";
    public const string Healthy = "Healthy";
    public const string Degraded = "Degraded";
}
