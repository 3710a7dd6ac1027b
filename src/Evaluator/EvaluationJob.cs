using System.Text.Json;
using LlmOps.Api;
using LlmOps.Evaluator.Datasets;
using LlmOps.Evaluator.Judging;
using LlmOps.Evaluator.Reporting;
using LlmOps.Evaluator.Running;
using LlmOps.Kubernetes;

namespace LlmOps.Evaluator;

/// <summary>
/// One run: plan and data set in, one report out. Guarantees: whatever can be said is said in the report; the exit code tells a person and
/// the Job controller only whether there is one. RBAC: get and patch of the report ConfigMap.
/// </summary>
internal static class EvaluationJob
{
    /// <summary>A report was written.</summary>
    public const int Reported = 0;

    /// <summary>Plan or data set cannot be used: trying again is of no use. A report says why, where it could be written.</summary>
    public const int Unusable = 2;

    /// <summary>The report could not be written: another try may help.</summary>
    public const int Transient = 3;

    public static async Task<int> RunAsync(
        string planPath,
        string datasetPath,
        string reportKey,
        string? digestPath,
        EngineKeys keys,
        Func<KubernetesClientConfiguration> cluster,
        TimeProvider time,
        TextWriter log,
        CancellationToken ct)
    {
        if (reportKey.Split('/') is not [{ Length: > 0 } ns, { Length: > 0 } name])
        {
            await log.WriteLineAsync($"--report is '{reportKey}', not NAMESPACE/NAME");
            return Unusable;
        }

        EvaluationPlan plan;
        try
        {
            await using var file = File.OpenRead(planPath);
            plan = await JsonSerializer.DeserializeAsync(file, ApiJson.Default.EvaluationPlan, ct) ?? throw new JsonException("the plan is null");
        }
        catch (Exception e) when (e is IOException or JsonException or UnauthorizedAccessException)
        {
            await log.WriteLineAsync($"the plan cannot be read: {e.Message}");
            return Unusable;
        }

        var report = await EvaluateAsync(plan, datasetPath, keys, time, log, ct);
        try
        {
            using var client = new KubernetesClient(cluster(), time);
            await ReportWriter.WriteAsync(client, new ObjectKey(ns, name), digestPath, report, ct);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            await log.WriteLineAsync($"the digest of the report, without which it is not believed, cannot be written to {digestPath}: {e.Message}");
            return Transient;
        }
        catch (Exception e) when (e is KubernetesException or KubernetesConfigurationException)
        {
            await log.WriteLineAsync($"the report cannot be written to ConfigMap {reportKey}: {e.Message}");
            return Transient;
        }

        await log.WriteLineAsync(report.Problem is { } problem ? $"{problem.Reason}: {problem.Message}" : $"{report.Cases} cases scored");
        return report.Problem is { Reason: EvaluationContract.DatasetInvalid or EvaluationContract.PlanInvalid } ? Unusable : Reported;
    }

    /// <summary>The run without the cluster: what the report will say.</summary>
    public static async Task<EvaluationReport> EvaluateAsync(EvaluationPlan plan, string datasetPath, EngineKeys keys, TimeProvider time, TextWriter log, CancellationToken ct)
    {
        var started = time.GetUtcNow();
        var dataset = await DatasetReader.ReadAsync(datasetPath, plan.Gate, ct);
        if (dataset.Problem is { } broken)
            return ReportBuilder.Impossible(plan, EvaluationContract.DatasetInvalid, broken, dataset.Digest, started);
        var setup = RunSetup.Create(plan, keys);
        if (setup.Problem is { } wrong)
            return ReportBuilder.Impossible(plan, EvaluationContract.PlanInvalid, wrong, dataset.Digest, started);

        var cases = Sampling.Choose(dataset.Cases, plan.Gate.Sample);
        await log.WriteLineAsync($"{cases.Count} of {dataset.Cases.Count} cases, {plan.Gate.Concurrency ?? Runner.DefaultConcurrency} at a time{(plan.Baseline is null ? string.Empty : ", candidate and baseline interleaved")}");
        using var budget = new RunBudget(plan.Gate.Budget, time);
        using var chat = new ChatClient(time);
        var run = await new Runner(setup, chat, budget, log).RunAsync(cases, ct);
        var graded = await new Grading(setup, chat, budget, Fence.Draw(), log).RunAsync([.. run.Answers.Where(a => a.IsComparable)], ct);
        return ReportBuilder.Build(plan, dataset, cases.Count, run, graded, started, time.GetUtcNow());
    }
}
