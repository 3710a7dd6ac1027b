namespace LlmOps.Rollouts;

/// <summary>Reasons that a decision gives. The same words as the API's; this project sees none of its types.</summary>
public static class RolloutReasons
{
    public const string NoRollout = "NoRollout";

    // Moves or waits
    public const string FirstRelease = "FirstRelease";
    public const string RolloutStarted = "RolloutStarted";
    public const string WaitingForPods = "WaitingForPods";
    public const string WaitingForWarmUp = "WaitingForWarmUp";
    public const string WaitingForEndpoints = "WaitingForEndpoints";
    public const string CandidateReady = "CandidateReady";
    public const string StepsDone = "StepsDone";
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
    public const string NotMeasured = "NotMeasured";
    public const string WaitingForRoute = "WaitingForRoute";
    public const string TrafficShareMismatch = "TrafficShareMismatch";
    public const string Paused = "Paused";
    public const string Baking = "Baking";
    public const string AwaitingApproval = "AwaitingApproval";
    public const string AwaitingDecision = "AwaitingDecision";
    public const string Promoted = "Promoted";
    public const string WaitingForStable = "WaitingForStable";
    public const string StableUnavailable = "StableUnavailable";
    public const string Reverted = "Reverted";
    public const string Superseded = "Superseded";
    public const string InsufficientGpus = "InsufficientGpus";
    public const string CandidateUnavailable = "CandidateUnavailable";
    public const string ReplicaTaken = "ReplicaTaken";

    // Only in timelines
    public const string SpecChanged = "SpecChanged";
    public const string StepEntered = "StepEntered";
    public const string VerdictReached = "VerdictReached";

    // Ends
    public const string GateFailed = "GateFailed";
    public const string GateInconclusive = "GateInconclusive";
    public const string LiveTestFailed = "LiveTestFailed";
    public const string CheckFailed = "CheckFailed";
    public const string PromptCannotRender = "PromptCannotRender";
    public const string CandidateUnauthorized = "CandidateUnauthorized";
    public const string SpecReverted = "SpecReverted";
    public const string ProgressDeadlineExceeded = "ProgressDeadlineExceeded";
    public const string StartupDeadlineExceeded = "StartupDeadlineExceeded";
    public const string ApprovalTimedOut = "ApprovalTimedOut";
    public const string ReleaseLocked = "ReleaseLocked";

    // Actions of people
    public const string Resumed = "Resumed";
    public const string Approved = "Approved";
    public const string PromotionRequested = "PromotionRequested";
    public const string StepSkipped = "StepSkipped";
    public const string Aborted = "Aborted";
    public const string Retried = "Retried";
    public const string RollbackStarted = "RollbackStarted";
    public const string RolledBack = "RolledBack";
    public const string ActionApplied = "ActionApplied";
    public const string ActionRefused = "ActionRefused";
}
