using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Gathering;
using LlmOps.Rollouts;

namespace LlmOps.Operator.Applying;

/// <summary>
/// Writes the RolloutRecord of every rollout that ended, after the status that ended it: the status keeps the rollout whole until it names the record, so
/// an end anywhere in between is made good by writing again what has the same name. Guarantees: one record for each rollout, never changed.
/// RBAC: <c>create</c> of rolloutrecords.
/// </summary>
internal sealed class RecordWriter(KubernetesClient client, WrittenRecords written)
{
    /// <summary>Writes what is missing. True where something was written: the next decision notes it.</summary>
    /// <param name="state">The state that was decided, and is in the status.</param>
    /// <exception cref="ApplyRefusedException">The server does not know RolloutRecords.</exception>
    /// <exception cref="KubernetesException">The server refused.</exception>
    public async Task<bool> WriteAsync(Gathered gathered, RolloutState state, CancellationToken ct)
    {
        var (key, wrote) = (gathered.Deployment.Key(), false);
        var known = written.Of(key);
        foreach (var rollout in RecordBuilder.Unrecorded(state).Where(rollout => known.All(record => record.RolloutId != rollout.Id)).ToList())
        {
            var record = RecordBuilder.Build(gathered, state, rollout);
            await CreateAsync(record, ct);
            written.Add(key, new(rollout.Id, record.Metadata.Name!));
            wrote = true;
        }

        if (known.Count > 0 && !RecordBuilder.Unrecorded(state).Any())
            written.Forget(key);
        return wrote;
    }

    private async Task CreateAsync(RolloutRecord record, CancellationToken ct)
    {
        try
        {
            await client.CreateAsync(record, ct);
        }
        catch (KubernetesException e) when (e.IsAlreadyExists)
        {
            // Written by an earlier attempt.
        }
        catch (KubernetesException e) when (e.IsNotServed)
        {
            throw new ApplyRefusedException($"RolloutRecord {record.Metadata.Name}: {e.Message}: install the CRDs of this version (kubectl apply --server-side -f crds/)");
        }
    }
}
