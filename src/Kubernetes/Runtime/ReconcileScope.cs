using System.Collections;

namespace LlmOps.Kubernetes;

/// <summary>The scope of a reconciliation's log lines: fields for structured logs, a short text for consoles.</summary>
internal sealed class ReconcileScope(string controller, object key, string reconcileId) : IReadOnlyList<KeyValuePair<string, object?>>
{
    private readonly KeyValuePair<string, object?>[] fields = key is ObjectKey k
        ? [new("Controller", controller), new("Namespace", k.Namespace), new("Name", k.Name), new("ReconcileId", reconcileId)]
        : [new("Controller", controller), new("Key", key), new("ReconcileId", reconcileId)];

    public int Count => fields.Length;

    public KeyValuePair<string, object?> this[int index] => fields[index];

    public IEnumerator<KeyValuePair<string, object?>> GetEnumerator() => fields.AsEnumerable().GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    public override string ToString() => $"{controller} {key} {reconcileId}";
}
