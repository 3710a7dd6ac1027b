using System.Security.Cryptography;
using System.Text;

namespace LlmOps.Api;

/// <summary>What an evaluator Job is told: everything it needs, so that it reads nothing of the API but its plan.</summary>
public sealed record EvaluationPlan
{
    /// <summary>Name of the EvalRun.</summary>
    public required string Run { get; init; }

    /// <summary>The gate as it was when the run was made.</summary>
    public required EvalGateSpec Gate { get; init; }

    /// <summary>The release under test.</summary>
    public required EvaluationTarget Candidate { get; init; }

    /// <summary>The release that serves; absent where nothing is compared.</summary>
    public EvaluationTarget? Baseline { get; init; }

    /// <summary>Who judges, one for each scorer of type judge.</summary>
    public IReadOnlyList<EvaluationJudge> Judges { get; init => field = value ?? []; } = [];
}

/// <summary>Who judges for one scorer, with the whole prompt.</summary>
public sealed record EvaluationJudge
{
    /// <summary>Name of the scorer.</summary>
    public required string Scorer { get; init; }

    /// <summary>Base URL of its Service; <c>/v1/chat/completions</c> is appended.</summary>
    public required string Url { get; init; }

    /// <summary>Model name that the engine serves.</summary>
    public required string ServedName { get; init; }

    /// <summary>What it judges by.</summary>
    public required PromptVersionSpec Prompt { get; init; }
}

/// <summary>A release to send cases to, with its whole prompt.</summary>
public sealed record EvaluationTarget
{
    /// <summary>Hash of the release.</summary>
    public required string Release { get; init; }

    /// <summary>Base URL of its Service; <c>/v1/chat/completions</c> is appended.</summary>
    public required string Url { get; init; }

    /// <summary>Model name that the engine serves.</summary>
    public required string ServedName { get; init; }

    /// <summary>The prompt; absent where the release has none.</summary>
    public PromptVersionSpec? Prompt { get; init; }
}

/// <summary>What an evaluator Job found. Counts only: the operator makes the verdict.</summary>
public sealed record EvaluationReport
{
    /// <summary>Name of the EvalRun.</summary>
    public required string Run { get; init; }

    /// <summary>Hash of the release under test.</summary>
    public required string Candidate { get; init; }

    /// <summary>Hash of the baseline release; absent without one.</summary>
    public string? Baseline { get; init; }

    /// <summary>What made the run impossible; absent where it ran. See <see cref="EvaluationProblem"/>.</summary>
    public EvaluationProblem? Problem { get; init; }

    /// <summary><c>sha256:…</c> of the data set file.</summary>
    public string? DatasetDigest { get; init; }

    /// <summary>Cases in the file.</summary>
    public int DatasetCases { get; init; }

    /// <summary>Cases chosen and tried.</summary>
    public int Cases { get; init; }

    /// <summary>Cases without an answer of the candidate after all retries.</summary>
    public int CandidateErrors { get; init; }

    /// <summary>Cases without an answer of the baseline after all retries.</summary>
    public int BaselineErrors { get; init; }

    /// <summary>One entry per scorer, in the order of the gate.</summary>
    public IReadOnlyList<MetricReport> Metrics { get; init => field = value ?? []; } = [];

    /// <summary>Prompt and answer tokens of the candidate.</summary>
    public long CandidateTokens { get; init; }

    /// <summary>Prompt and answer tokens of the baseline.</summary>
    public long BaselineTokens { get; init; }

    /// <summary>Prompt and answer tokens of all judges.</summary>
    public long JudgeTokens { get; init; }

    /// <summary>Requests to judges, repeated ones of the transport not counted.</summary>
    public int JudgeRequests { get; init; }

    /// <summary>When the first request was sent.</summary>
    public DateTimeOffset StartedAt { get; init; }

    /// <summary>When the last answer came.</summary>
    public DateTimeOffset FinishedAt { get; init; }

    /// <summary>Up to ten cases: without an answer, without a verdict of a judge, then those that the candidate failed, those that the baseline passed first.</summary>
    public IReadOnlyList<CaseReport> WorstCases { get; init => field = value ?? []; } = [];
}

/// <summary>Counts of one metric over the cases that both sides answered (or the candidate alone, without a baseline).</summary>
public sealed record MetricReport
{
    /// <summary>Name of the scorer.</summary>
    public required string Metric { get; init; }

    /// <summary>Cases scored.</summary>
    public required int Cases { get; init; }

    /// <summary>Cases that the candidate passed.</summary>
    public required int Passed { get; init; }

    /// <summary>Cases that the baseline passed; absent without one.</summary>
    public int? BaselinePassed { get; init; }

    /// <summary>Cases that only the candidate passed.</summary>
    public int? Wins { get; init; }

    /// <summary>Cases that only the baseline passed.</summary>
    public int? Losses { get; init; }

    /// <summary>Further cases, about which a judge was asked and did not answer after all retries.</summary>
    public int Unanswered { get; init; }

    /// <summary>Further cases, about which a judge answered without a verdict that can be read.</summary>
    public int Undecided { get; init; }
}

/// <summary>One case, for a person to look at.</summary>
public sealed record CaseReport
{
    /// <summary>Id of the case.</summary>
    public required string Id { get; init; }

    /// <summary>Metric that failed.</summary>
    public required string Metric { get; init; }

    /// <summary>Answer of the candidate, cut at 500 characters.</summary>
    public required string Answer { get; init; }

    /// <summary>Answer of the baseline, cut at 500 characters; absent without one.</summary>
    public string? BaselineAnswer { get; init; }

    /// <summary>Why it failed.</summary>
    public required string Why { get; init; }
}

/// <summary>What made a run impossible or incomplete.</summary>
public sealed record EvaluationProblem
{
    /// <summary>DatasetInvalid, BudgetExceeded or PlanInvalid.</summary>
    public required string Reason { get; init; }

    /// <summary>What is wrong and what to do; for a data set with line numbers.</summary>
    public required string Message { get; init; }
}

/// <summary>Values of <see cref="EvaluationProblem.Reason"/> and the places of the report.</summary>
public static class EvaluationContract
{
    public const string DatasetInvalid = "DatasetInvalid";

    public const string BudgetExceeded = "BudgetExceeded";

    public const string PlanInvalid = "PlanInvalid";

    /// <summary>Key of the plan in its ConfigMap.</summary>
    public const string PlanKey = "plan.json";

    /// <summary>Key of the report in its ConfigMap.</summary>
    public const string ReportKey = "report.json";

    /// <summary>
    /// Where the evaluator leaves the digest of its report: a kubelet takes it into the status of the pod (<c>terminationMessagePath</c>, by default this one). Who may write ConfigMaps can put a report
    /// there, but only kubelets write what a container said at its end.
    /// </summary>
    public const string DigestPath = "/dev/termination-log";

    /// <summary>What tells a report from any other: the digest of its text, as in the ConfigMap.</summary>
    public static string DigestOf(string report) => DigestOf(Encoding.UTF8.GetBytes(report));

    /// <summary><c>sha256:</c> and 64 hexadecimal digits in lower case, as of a report and of a data set.</summary>
    public static string DigestOf(ReadOnlySpan<byte> content) => $"sha256:{Convert.ToHexStringLower(SHA256.HashData(content))}";

    /// <summary>Environment variable with the API key of the candidate's engine; absent where it has none.</summary>
    public const string CandidateApiKey = "LLMOPS_CANDIDATE_API_KEY";

    /// <summary>Environment variable with the API key of the baseline's engine; absent where it has none.</summary>
    public const string BaselineApiKey = "LLMOPS_BASELINE_API_KEY";

    /// <summary>Environment variable with the API key of a judge's engine; absent where it has none.</summary>
    /// <param name="index">Position in <see cref="EvaluationPlan.Judges"/>, from 0.</param>
    public static string JudgeApiKey(int index) => $"LLMOPS_JUDGE_API_KEY_{index}";
}
