using System.Collections.Concurrent;
using LlmOps.Kubernetes;
using LlmOps.Rollouts;

namespace LlmOps.Operator.Gathering;

/// <summary>
/// RolloutRecords that this process knows to be written and whose LlmDeployment does not say so yet. Records themselves are not cached: they are many, large
/// and never change. What is forgotten with the process is found again by writing it once more.
/// </summary>
internal sealed class WrittenRecords
{
    private readonly ConcurrentDictionary<ObjectKey, EquatableArray<WrittenRecord>> byDeployment = new();

    public EquatableArray<WrittenRecord> Of(ObjectKey deployment) => byDeployment.GetValueOrDefault(deployment);

    public void Add(ObjectKey deployment, WrittenRecord record) => byDeployment.AddOrUpdate(deployment, [record], (_, known) => known.Add(record));

    public void Forget(ObjectKey deployment) => byDeployment.TryRemove(deployment, out _);
}
