using LlmOps.Api;
using LlmOps.Kubernetes;

namespace LlmOps.Gateway.Routing;

/// <summary>Which LlmDeployments use an object, by what the releases in their status name. Not thread safe.</summary>
internal sealed class UsageIndex(Func<ReleaseStatus, string?> name)
{
    private readonly Dictionary<ObjectKey, HashSet<ObjectKey>> users = [];

    public IReadOnlyCollection<ObjectKey> Users(ObjectKey used) => users.TryGetValue(used, out var found) ? found : [];

    public void Move(ObjectKey deployment, LlmDeployment? before, LlmDeployment? after)
    {
        foreach (var used in Used(before))
        {
            if (users.TryGetValue(used, out var found) && found.Remove(deployment) && found.Count == 0)
                users.Remove(used);
        }

        foreach (var used in Used(after))
        {
            if (!users.TryGetValue(used, out var found))
                users.Add(used, found = []);
            found.Add(deployment);
        }
    }

    private IEnumerable<ObjectKey> Used(LlmDeployment? deployment)
    {
        if (deployment?.Status is not { } status)
            yield break;
        foreach (var release in new[] { status.Stable, status.Candidate })
        {
            if (release is not null && name(release) is { } used)
                yield return new ObjectKey(deployment.Metadata.Namespace ?? string.Empty, used);
        }
    }
}
