using LlmOps.Kubernetes;

namespace LlmOps.Operator.Gathering.Capacity;

/// <summary>Sums what is held, by whom as who asks may be told: names of other namespaces are nobody's business.</summary>
internal sealed class HeldAmounts(ObjectKey asking)
{
    private readonly Dictionary<ObjectKey, decimal> near = [];
    private decimal nobodys;
    private decimal far;

    public void Add(ObjectKey? holder, decimal amount)
    {
        if (amount <= 0)
            return;
        if (holder is not { } known)
            nobodys += amount;
        else if (known.Namespace == asking.Namespace)
            near[known] = near.GetValueOrDefault(known) + amount;
        else
            far += amount;
    }

    public IReadOnlyList<(string Holder, decimal Amount)> ByName() =>
    [
        .. near.Select(entry => (entry.Key == asking ? "this LlmDeployment" : $"LlmDeployment {entry.Key.Name}", entry.Value)),
        .. nobodys > 0 ? [("other pods", nobodys)] : Array.Empty<(string, decimal)>(),
        .. far > 0 ? [("LlmDeployments of other namespaces", far)] : Array.Empty<(string, decimal)>(),
    ];
}
