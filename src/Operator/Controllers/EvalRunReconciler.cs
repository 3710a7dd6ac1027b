using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Applying;
using LlmOps.Operator.Gathering;
using LlmOps.Operator.Resources;
using LlmOps.Rollouts;
using Microsoft.Extensions.Logging;

namespace LlmOps.Operator.Controllers;

/// <summary>
/// Runs one EvalRun: gives its Job all it needs, waits for the report, and makes the verdict from it. A run that has a verdict is never touched again.
/// Guarantee: a Job that ends without a report of its own is a ProviderError, never a pass; what somebody else wrote into the report's ConfigMap is none.
/// </summary>
internal sealed class EvalRunReconciler(
    KubernetesClient client, ClusterView cluster, ObjectApplier applier, string evaluatorImage, TimeProvider time, ILogger<EvalRunReconciler> logger)
{
    private const string Finished = "Finished";

    private const int LongestMessage = 4096;

    /// <summary>As for the objects of an LlmDeployment.</summary>
    private static readonly TimeSpan ApplyRetry = TimeSpan.FromSeconds(10);

    public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken ct)
    {
        if (cluster.EvalRuns.Store.Get(key) is not { } run || run.IsDeleting() || run.Status?.Verdict is not null)
            return ReconcileResult.Done;
        if (cluster.EvalGates.Store.Get(new ObjectKey(key.Namespace, run.Spec.Gate)) is not { } gate)
            return await FinishAsync(run, new(Verdict.ProviderError, Reasons.GateNotFound, $"EvalGate {run.Spec.Gate} is gone: create it again"), null, ct);
        if (ReleaseHashing.Hash(gate.Spec) != run.Spec.GateHash)
            return await FinishAsync(run, new(Verdict.NoData, Reasons.GateInvalid, $"EvalGate {run.Spec.Gate} was changed after this run was made"), null, ct);

        return cluster.Jobs.Store.Get(key) is { } job && Ownership.IsOwnedBy(job, run)
            ? await FollowAsync(run, gate, job, ct)
            : await StartAsync(run, gate, ct);
    }

    private async Task<ReconcileResult> StartAsync(EvalRun run, EvalGate gate, CancellationToken ct)
    {
        if (Target(run, run.Spec.Candidate, out var missing) is not { } candidate)
            return await FinishAsync(run, new(Verdict.ProviderError, Reasons.PromptNotFound, missing!), null, ct);
        EvaluationTarget? baseline = null;
        if (run.Spec.Baseline is { } stable && (baseline = Target(run, stable, out missing)) is null)
            return await FinishAsync(run, new(Verdict.ProviderError, Reasons.PromptNotFound, missing!), null, ct);

        if (Judges(run, out var changed) is not { } judges)
            return await FinishAsync(run, changed!, null, ct);

        try
        {
            var plan = new EvaluationPlan { Run = run.Metadata.Name!, Gate = gate.Spec, Candidate = candidate, Baseline = baseline, Judges = judges };
            await applier.ApplyAsync(cluster.ConfigMaps, EvaluationResources.Plan(run, plan), ct);
            await applier.ApplyAsync(cluster.ConfigMaps, EvaluationResources.EmptyReport(run), ct);
            await applier.ApplyAsync(EvaluationResources.ServiceAccount(run), ct);
            await applier.ApplyAsync(EvaluationResources.Role(run), ct);
            await applier.ApplyAsync(EvaluationResources.RoleBinding(run), ct);
            await applier.ApplyAsync(cluster.Jobs, EvaluationResources.Job(run, gate.Spec, evaluatorImage), ct);
        }
        catch (Exception e) when (e is ApplyRefusedException or KubernetesException { IsInvalid: true })
        {
            return await FinishAsync(run, new(Verdict.ProviderError, Reasons.ApplyRefused, $"the Job cannot be made: {e.Message}"), null, ct);
        }
        catch (KubernetesException e) when (e.IsForbidden || e.IsNotFound)
        {
            // A namespace that is being deleted or gone, a quota, a right that is missing: people can read which, and it may pass.
            await WriteAsync(run, new EvalRunStatus { Phase = "Pending", Message = Excerpt.Of($"the Job cannot be made: {e.Message}", LongestMessage) }, ct);
            return ReconcileResult.After(ApplyRetry);
        }

        await WriteAsync(run, new EvalRunStatus { Phase = "Running", Message = "the evaluator was started", StartedAt = Now(), Report = ObjectNames.Report(run.Metadata.Name!) }, ct);
        return ReconcileResult.Done;
    }

    private async Task<ReconcileResult> FollowAsync(EvalRun run, EvalGate gate, Job job, CancellationToken ct)
    {
        var pods = cluster.Pods.ListByIndex(Indexes.EvalRun, Indexes.Value(run.Metadata.Namespace, ObjectNames.LabelValue(run.Metadata.Name!)));
        if (EvaluatorReport.Find(cluster.ConfigMaps.Store.Get(ReportKey(run)), job, pods) is { } known)
            return await FinishAsync(run, GateVerdict.Decide(run, gate.Spec, known), known, ct);
        if (job.Status?.Conditions?.FirstOrDefault(condition => condition is { Type: "Complete" or "Failed", Status: "True" }) is { } end)
        {
            // The Job may be seen to end before its report is, or its pods': the server knows.
            var map = await client.GetAsync<ConfigMap>(ReportKey(run), ct);
            var ended = (await client.ListAsync<Pod>(run.Metadata.Namespace, new() { LabelSelector = $"{Labels.EvalRun}={ObjectNames.LabelValue(run.Metadata.Name!)}" }, ct)).Items;
            if (EvaluatorReport.Find(map, job, ended) is { } report)
                return await FinishAsync(run, GateVerdict.Decide(run, gate.Spec, report), report, ct);
            return await FinishAsync(run, new(Verdict.ProviderError, Reasons.EvaluationFailed, EvaluatorReport.WhyNone(map, job, end, ended)), null, ct);
        }

        var problem = PodFacts.FindProblem(pods, (_, resource) => resource);
        await WriteAsync(
            run,
            new EvalRunStatus
            {
                Phase = "Running",
                Message = problem?.Message ?? "the evaluator runs",
                StartedAt = run.Status?.StartedAt ?? Now(),
                Report = ObjectNames.Report(run.Metadata.Name!),
            },
            ct);
        return ReconcileResult.Done;
    }

    private EvaluationTarget? Target(EvalRun run, EvalTarget target, out string? missing)
    {
        missing = null;
        PromptVersionSpec? prompt = null;
        if (target.Prompt is { } name)
        {
            prompt = cluster.PromptVersions.Store.Get(new ObjectKey(run.Metadata.Namespace!, name))?.Spec;
            missing = prompt is null ? $"PromptVersion {name} of release {target.Release} does not exist: create it again" : null;
        }

        return missing is null ? new EvaluationTarget { Release = target.Release, Url = target.Url, ServedName = target.ServedName, Prompt = prompt } : null;
    }

    /// <summary>Who judges, with the prompts of the content that the run was made with; null where one of these is gone.</summary>
    private List<EvaluationJudge>? Judges(EvalRun run, out RunVerdict? problem)
    {
        problem = null;
        var judges = new List<EvaluationJudge>();
        foreach (var judge in run.Spec.Judges ?? [])
        {
            if (cluster.PromptVersions.Store.Get(new ObjectKey(run.Metadata.Namespace!, judge.Prompt))?.Spec is not { } prompt)
                problem = new(Verdict.ProviderError, Reasons.PromptNotFound, $"PromptVersion {judge.Prompt}, by which scorer {judge.Scorer} is judged, does not exist: create it again");
            else if (PromptContent.Hash(prompt) != judge.PromptHash)
                problem = new(Verdict.NoData, Reasons.GateInvalid, $"PromptVersion {judge.Prompt}, by which scorer {judge.Scorer} is judged, was made anew with another content after this run was made");
            else
                judges.Add(new EvaluationJudge { Scorer = judge.Scorer, Url = judge.Url, ServedName = judge.ServedName, Prompt = prompt });
            if (problem is not null)
                return null;
        }

        return judges;
    }

    private async Task<ReconcileResult> FinishAsync(EvalRun run, RunVerdict verdict, EvaluationReport? report, CancellationToken ct)
    {
        var status = new EvalRunStatus
        {
            Phase = Finished,
            Verdict = verdict.Verdict.ToString(),
            Reason = verdict.Reason,
            Message = Excerpt.Of(verdict.Message, LongestMessage),
            StartedAt = run.Status?.StartedAt ?? Now(),
            FinishedAt = Now(),
            Report = report is null ? null : ObjectNames.Report(run.Metadata.Name!),
            DatasetDigest = report?.DatasetDigest,
            Cases = report?.Cases,
            Tokens = report is null ? null : report.CandidateTokens + report.BaselineTokens + report.JudgeTokens,
            JudgeTokens = report is null || run.Spec.Judges is null ? null : report.JudgeTokens,
            JudgeRequests = report is null || run.Spec.Judges is null ? null : report.JudgeRequests,
            Scores = report is null || report.Metrics.Count == 0 ? null : [.. report.Metrics.Select(Score)],
            Criteria = verdict.Outcome is { Criteria.Count: > 0 } outcome
                ? [.. outcome.Criteria.Select(criterion => new CriterionResult { Criterion = Excerpt.Of(criterion.Criterion, 320), Verdict = criterion.Verdict.ToString(), Message = Excerpt.Of(criterion.Message, 1024) })]
                : null,
        };
        await WriteAsync(run, status, ct);
        Log.EvaluationDecided(logger, run.Key(), run.Spec.Gate, status.Verdict, status.Message);
        return ReconcileResult.Done;
    }

    private async Task WriteAsync(EvalRun run, EvalRunStatus status, CancellationToken ct)
    {
        var next = run with { Status = status with { ObservedGeneration = run.Metadata.Generation } };
        await client.WriteStatusAsync(cluster.EvalRuns, run, next, ct);
    }

    private static MetricScore Score(MetricReport metric) => new()
    {
        Metric = metric.Metric,
        Passed = metric.Passed,
        Cases = metric.Cases,
        BaselinePassed = metric.BaselinePassed,
        Wins = metric.Wins,
        Losses = metric.Losses,
        Errored = metric.Unanswered + metric.Undecided is > 0 and var errored ? errored : null,
    };

    private static ObjectKey ReportKey(EvalRun run) => new(run.Metadata.Namespace!, ObjectNames.Report(run.Metadata.Name!));

    private DateTimeOffset Now()
    {
        var now = time.GetUtcNow();
        return now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMillisecond));
    }
}
