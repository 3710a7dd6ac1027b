using System.Diagnostics.CodeAnalysis;

namespace LlmOps.Testing.ApiServer.Resources;

/// <summary>What is served now. Replaced as a whole when a CustomResourceDefinition comes, changes or goes.</summary>
internal sealed class ResourceRegistry
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, IReadOnlyList<ResourceDefinition>> custom = [];
    private Dictionary<(string Group, string Version, string Plural), ResourceDefinition> served;

    public ResourceRegistry() => served = Index([]);

    public IReadOnlyCollection<ResourceDefinition> All => Volatile.Read(ref served).Values;

    public bool TryFind(string group, string version, string plural, [NotNullWhen(true)] out ResourceDefinition? resource) =>
        Volatile.Read(ref served).TryGetValue((group, version, plural), out resource);

    /// <summary>Finds by the names that a person uses: <c>deployments.apps</c>, <c>pods</c>.</summary>
    public ResourceDefinition? FindByGroupResource(string groupResource) =>
        All.FirstOrDefault(r => r.GroupResource == groupResource);

    public ResourceDefinition? FindByKind(string apiVersion, string kind) =>
        All.FirstOrDefault(r => r.ApiVersion == apiVersion && r.Kind == kind);

    /// <summary>Serves the versions of one CustomResourceDefinition in place of what it served before.</summary>
    public void Serve(string crdName, IReadOnlyList<ResourceDefinition> versions)
    {
        lock (gate)
        {
            custom[crdName] = versions;
            Volatile.Write(ref served, Index(custom.Values.SelectMany(static v => v)));
        }
    }

    /// <summary>Serves what another registry serves.</summary>
    public void TakeOver(ResourceRegistry other)
    {
        lock (other.gate)
        {
            foreach (var (name, versions) in other.custom)
                Serve(name, versions);
        }
    }

    public void Withdraw(string crdName)
    {
        lock (gate)
        {
            custom.Remove(crdName);
            Volatile.Write(ref served, Index(custom.Values.SelectMany(static v => v)));
        }
    }

    private static Dictionary<(string Group, string Version, string Plural), ResourceDefinition> Index(IEnumerable<ResourceDefinition> custom) =>
        BuiltInResources.All.Concat(custom).ToDictionary(static r => (r.Group, r.Version, r.Plural));
}
