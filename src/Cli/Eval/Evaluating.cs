using System.Text.Json;
using LlmOps.Api;
using LlmOps.Cli.Actions;
using LlmOps.Kubernetes;

namespace LlmOps.Cli.Eval;

/// <summary>Asks for one gate and waits for its verdict.</summary>
internal static class Evaluating
{
    private const string Verb = "eval";

    public static async Task<GateResult> RunAsync(Session session, RolloutActionSpec asked, TimeSpan timeout, CancellationToken ct)
    {
        var started = session.Time.GetTimestamp();
        var action = await Acting.AnswerAsync(session, await Acting.AskAsync(session, session.Namespace, asked, Verb, ct), timeout, ct);
        var gate = asked.Gate!;
        if (action.Status is not { Phase: RolloutActionPhases.Applied, EvalRun: { } name })
            return new() { Gate = gate, Verdict = RolloutActionPhases.Refused, Message = action.Status?.Message ?? "the operator does not know Evaluate: update it" };
        session.Note(action.Status.Message!);
        var run = await VerdictAsync(session, new(session.Namespace, name), timeout - session.Time.GetElapsedTime(started), ct);
        return new() { Gate = gate, Verdict = run.Status!.Verdict!, Message = run.Status.Message ?? string.Empty, Run = run, WorstCases = await WorstCasesAsync(session, run, ct) };
    }

    private static Task<EvalRun> VerdictAsync(Session session, ObjectKey key, TimeSpan left, CancellationToken ct) => Deadline.WithinAsync(
        session, left > TimeSpan.Zero ? left : TimeSpan.Zero,
        either => ObjectWait.UntilAsync<EvalRun>(session.Client, key, run => run.Status?.Verdict is not null, either),
        () => $"evalrun {key.Name} has no verdict yet: it goes on, see kubectl get evalrun {key.Name} -n {key.Namespace}; --timeout sets how long to wait",
        ct);

    /// <summary>The cases to look at. Whoever may run a gate need not be able to read ConfigMaps.</summary>
    private static async Task<IReadOnlyList<CaseReport>> WorstCasesAsync(Session session, EvalRun run, CancellationToken ct)
    {
        if (run.Status?.Report is not { } name)
            return [];
        try
        {
            var map = await session.Client.GetAsync<ConfigMap>(new(run.Metadata.Namespace!, name), ct);
            return map?.Data?.GetValueOrDefault(EvaluationContract.ReportKey) is { } json && JsonSerializer.Deserialize(json, ApiJson.Default.EvaluationReport) is { } report ? report.WorstCases : [];
        }
        catch (KubernetesException e) when (e.IsForbidden)
        {
            session.Note($"the cases that failed are not shown: {Failures.Said(e)}");
            return [];
        }
        catch (JsonException)
        {
            return [];
        }
    }
}
