using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using LlmOps.Api;
using LlmOps.Cli.Diff;
using LlmOps.Cli.Explain;
using LlmOps.Cli.History;
using LlmOps.Cli.Output;
using LlmOps.Cli.Status;
using LlmOps.Kubernetes;

namespace LlmOps.Cli.Dashboard;

/// <summary>What the page asks for. What the user may not read is left out.</summary>
internal sealed class Views(Session session, string? ns, SeriesBook series)
{
    /// <summary>By namespace, name and the two releases: neither a release nor a prompt ever changes, and a page asks every two seconds.</summary>
    private readonly ConcurrentDictionary<(ObjectKey Key, string From, string To), Difference> differences = [];

    /// <summary>All LlmDeployments, one line each.</summary>
    public async Task<JsonNode> AllAsync(CancellationToken ct)
    {
        var all = (await session.Client.ListAsync<LlmDeployment>(ns, ct: ct)).Items;
        return new JsonArray([.. all.OrderBy(d => d.Metadata.Namespace, StringComparer.Ordinal).ThenBy(d => d.Metadata.Name, StringComparer.Ordinal).Select(Line)]);
    }

    /// <summary>All about one; null where there is none.</summary>
    public async Task<JsonNode?> OneAsync(ObjectKey key, CancellationToken ct)
    {
        if (await session.Client.GetAsync<LlmDeployment>(key, ct) is not { } deployment)
            return null;
        series.Add(deployment, session.Now);
        var picture = await Picture.ReadAsync(session.Client, deployment, ct);
        var records = await AllowedAsync(async () => (List<RolloutRecord>?)(await session.Client.ListAsync<RolloutRecord>(key.Namespace, ct: ct)).Items.ToList()) ?? [];
        var difference = await AllowedAsync(() => DifferenceAsync(deployment, ct));
        return new JsonObject
        {
            // Neither the spec nor kubectl's copy of it: the page needs none, and people write secrets into it.
            ["deployment"] = new JsonObject
            {
                ["metadata"] = new JsonObject { ["namespace"] = key.Namespace, ["name"] = key.Name },
                ["status"] = JsonSerializer.SerializeToNode(deployment.Status, ApiJson.Default.LlmDeploymentStatus),
            },
            ["actions"] = new JsonArray([.. Offering.Of(deployment).Select(action => (JsonNode)action)]),
            ["explanation"] = JsonSerializer.SerializeToNode(Explaining.Of(deployment, session.Now), CliJson.Default.Explanation),
            ["stages"] = new JsonArray([.. Stages.Of(deployment).Select(Stage)]),
            ["series"] = JsonSerializer.SerializeToNode(series.Of(deployment), CliJson.Default.IReadOnlyListSeriesPoint),
            ["runs"] = new JsonArray([.. await Task.WhenAll((picture.Runs ?? []).Select(run => RunAsync(run, ct)))]),
            ["difference"] = difference is null ? null : JsonSerializer.SerializeToNode(difference, CliJson.Default.Difference),
            ["history"] = new JsonArray([.. EndedRollouts.Of(deployment, records).Select(r => Past(r.Spec))]),
        };
    }

    private JsonObject Line(LlmDeployment deployment)
    {
        var (status, rollout) = (deployment.Status, deployment.Status?.Rollout);
        return new()
        {
            ["namespace"] = deployment.Metadata.Namespace,
            ["name"] = deployment.Metadata.Name,
            ["phase"] = status?.Phase ?? DeploymentPhases.Pending,
            ["stable"] = status?.Stable?.Release,
            ["candidate"] = status?.Candidate?.Release,
            ["weight"] = status?.Candidate?.Weight,
            ["step"] = status?.Candidate is null ? null : StatusTable.Step(rollout),
            ["reason"] = StatusTable.Stalled(status) ?? rollout?.Reason,
            ["since"] = rollout is null ? null : Times.Age(rollout.ReasonSince ?? rollout.FinishedAt ?? rollout.StartedAt, session.Now),
        };
    }

    private JsonObject Stage(Stage stage) => new()
    {
        ["name"] = stage.Name,
        ["state"] = stage.State.ToString(),
        ["took"] = stage.Time?.StartedAt is { } started ? Times.Short((stage.Time.EndedAt ?? session.Now) - started) : null,
    };

    private async Task<Difference?> DifferenceAsync(LlmDeployment deployment, CancellationToken ct)
    {
        if (deployment.Status is not { Stable.Release: { } from, Candidate.Release: { } to })
            return null;
        var key = (deployment.Key(), from, to);
        if (differences.TryGetValue(key, out var known))
            return known;
        var found = await DiffCommand.BetweenAsync(session, deployment, Tracks.Stable, Tracks.Candidate, ct);
        return found.PromptProblem is null ? differences.GetOrAdd(key, found) : found;
    }

    private async Task<JsonNode> RunAsync(EvalRun run, CancellationToken ct)
    {
        var node = JsonSerializer.SerializeToNode(run, EvalRun.JsonType)!.AsObject();
        var report = run.Status?.Report is { } name ? await AllowedAsync(() => session.Client.GetAsync<ConfigMap>(new(run.Metadata.Namespace!, name), ct)) : null;
        try
        {
            node["worstCases"] = report?.Data?.GetValueOrDefault(EvaluationContract.ReportKey) is { } json ? JsonNode.Parse(json)?["worstCases"]?.DeepClone() : null;
        }
        catch (JsonException)
        {
            // A report that is not whole yet shows no cases.
        }

        return node;
    }

    private static JsonObject Past(RolloutRecordSpec past) => new()
    {
        ["finishedAt"] = past.FinishedAt,
        ["release"] = past.Candidate.Release,
        ["outcome"] = past.Outcome,
        ["reason"] = past.Reason,
        ["maxWeight"] = past.MaxWeight,
        ["requests"] = past.CandidateRequests,
        ["actor"] = past.Actor,
    };

    private static async Task<T?> AllowedAsync<T>(Func<Task<T?>> read)
        where T : class
    {
        try
        {
            return await read();
        }
        catch (KubernetesException e) when (e.IsForbidden)
        {
            return null;
        }
        catch (CliException)
        {
            return null;
        }
    }
}
