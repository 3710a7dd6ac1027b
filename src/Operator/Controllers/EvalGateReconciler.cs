using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Applying;
using LlmOps.Operator.Gathering;

namespace LlmOps.Operator.Controllers;

/// <summary>Says of one EvalGate whether it can be run, and how its last run ended.</summary>
internal sealed class EvalGateReconciler(KubernetesClient client, ClusterView cluster, TimeProvider time)
{
    /// <summary>Data sets are other people's ConfigMaps and not watched: a missing one is looked for this often.</summary>
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(15);

    /// <summary>A data set that was there may go.</summary>
    private static readonly TimeSpan CheckAgain = TimeSpan.FromMinutes(5);

    private readonly ConcurrentDictionary<ObjectKey, DatasetCheck> checks = new();

    public async Task<ReconcileResult> ReconcileAsync(ObjectKey key, CancellationToken ct)
    {
        if (cluster.EvalGates.Store.Get(key) is not { } gate || gate.IsDeleting())
        {
            checks.TryRemove(key, out _);
            return ReconcileResult.Done;
        }

        var problem = PatternProblem(gate.Spec) ?? JudgeProblem(gate);
        var dataset = problem is null ? await CheckDatasetAsync(gate, ct) : null;
        problem ??= dataset?.Problem;
        var now = time.GetUtcNow();
        var next = gate with
        {
            Status = new EvalGateStatus
            {
                ObservedGeneration = gate.Metadata.Generation,
                LastRun = LastRun(key) ?? gate.Status?.LastRun,
                Conditions = new ConditionSet(gate.Status?.Conditions, gate.Metadata.Generation, now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMillisecond)))
                    .Set(ConditionTypes.Ready, problem is null, problem?.Reason ?? Reasons.Valid, problem?.Message ?? "can be run")
                    .SetStalled(problem is { Reason: not Reasons.JudgeUnavailable } ? problem : null)
                    .Conditions,
            },
        };
        await client.WriteStatusAsync(cluster.EvalGates, gate, next, ct);
        return dataset is null ? ReconcileResult.Done : ReconcileResult.After(dataset.GoodFor - time.GetElapsedTime(dataset.At));
    }

    private static Rollouts.Problem? PatternProblem(EvalGateSpec spec)
    {
        for (var i = 0; i < spec.Scorers.Count; i++)
        {
            foreach (var (field, pattern) in new[] { ("pattern", spec.Scorers[i].Pattern), ("extract", spec.Scorers[i].Extract) })
            {
                if (pattern is not null && Compile(pattern) is { } error)
                    return new(Reasons.GateInvalid, $"scorers[{i}].{field} cannot be used: {error}. Correct it; look-around and back-references are not supported");
            }
        }

        return null;
    }

    /// <summary>The evaluator's own rule: without backtracking, so that no answer can make an expression run away.</summary>
    private static string? Compile(string pattern)
    {
        try
        {
            _ = new Regex(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
            return null;
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            return e.Message;
        }
    }

    private Rollouts.Problem? JudgeProblem(EvalGate gate)
    {
        var ns = gate.Metadata.Namespace!;
        return JudgeFacts.Of(gate.Spec, judge => cluster.LlmDeployments.Store.Get(new ObjectKey(ns, judge)), prompt => cluster.PromptVersions.Store.Get(new ObjectKey(ns, prompt))).Problem;
    }

    /// <summary>Whether the ConfigMap with the data set is there, asked again only when the last answer is old; null where the gate names none.</summary>
    private async Task<DatasetCheck?> CheckDatasetAsync(EvalGate gate, CancellationToken ct)
    {
        if (gate.Spec.Dataset.ConfigMap is not { } source)
            return null;
        if (checks.GetValueOrDefault(gate.Key()) is { } known && known.Source == source && time.GetElapsedTime(known.At) < known.GoodFor)
            return known;
        var at = time.GetTimestamp();
        return checks[gate.Key()] = new(source, at, await DatasetProblemAsync(gate, source, ct));
    }

    private async Task<Rollouts.Problem?> DatasetProblemAsync(EvalGate gate, ConfigMapKeyReference source, CancellationToken ct)
    {
        if (await client.GetAsync<ConfigMap>(new ObjectKey(gate.Metadata.Namespace!, source.Name), ct) is not { } map)
            return new(Reasons.DatasetInvalid, $"ConfigMap {source.Name} with the data set does not exist: create it, or name another one in spec.dataset.configMap");
        return map.Data?.ContainsKey(source.Key) == true || map.BinaryData?.ContainsKey(source.Key) == true
            ? null
            : new(Reasons.DatasetInvalid, $"ConfigMap {source.Name} has no key {source.Key}: it has {Keys(map)}; correct spec.dataset.configMap.key");
    }

    private static string Keys(ConfigMap map) => map.Data is { Count: > 0 } data ? string.Join(", ", data.Keys.Order(StringComparer.Ordinal).Take(10)) : "none";

    private GateRunSummary? LastRun(ObjectKey key)
    {
        var index = Indexes.Value(key.Namespace, key.Name);
        var last = cluster.EvalRuns.Store.ListByIndex(Indexes.Gate, index, run => run.Spec.Gate == key.Name && run.Metadata.Namespace == key.Namespace)
            .Where(run => run.Status is { Verdict: not null, FinishedAt: not null }).MaxBy(run => run.Status!.FinishedAt);
        return last is null ? null : new GateRunSummary
        {
            Name = last.Metadata.Name!,
            Release = last.Spec.Candidate.Release,
            Verdict = last.Status!.Verdict!,
            FinishedAt = last.Status.FinishedAt,
        };
    }

    /// <param name="At">Timestamp of the question.</param>
    private sealed record DatasetCheck(ConfigMapKeyReference Source, long At, Rollouts.Problem? Problem)
    {
        public TimeSpan GoodFor => Problem is null ? CheckAgain : LookAgain;
    }
}
