using System.Text.Json.Nodes;
using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Applying;
using LlmOps.Operator.Engines;
using LlmOps.Operator.Gathering;
using LlmOps.Operator.Resources;

namespace LlmOps.Bench.Scale;

/// <summary>
/// Makes the objects of thousands of LlmDeployments out of those of two, which the operator itself brought up on the real API server: other names, uids and
/// hashes, the same otherwise. That an operator that finds them has nothing to write proves that they are right.
/// </summary>
internal sealed class Clones(KubernetesClient client, EtcdWriter etcd, ScaleSize size)
{
    /// <summary>LlmDeployments to copy from: the first autoscales, the second does not.</summary>
    public const int Seeds = 2;

    private static readonly ResourceKind[] Kinds =
        [LlmDeployment.ResourceKind, ControllerRevision.ResourceKind, Deployment.ResourceKind, Service.ResourceKind, EndpointSlice.ResourceKind, PodDisruptionBudget.ResourceKind, HorizontalPodAutoscaler.ResourceKind, Pod.ResourceKind];

    public async Task WriteAsync(CancellationToken ct)
    {
        var keys = await etcd.KeysAsync(ct);
        var prompt = await client.GetAsync<PromptVersion>(ScaleObjects.Prompt(ScaleObjects.NamespaceOf(0, size)).Key(), ct);
        var seeds = new List<Seed>();
        for (var i = 0; i < Seeds; i++)
            seeds.Add(await ReadAsync(i, keys, prompt!, ct));
        await etcd.PutAsync(Enumerable.Range(Seeds, size.Deployments - Seeds).SelectMany(i => Copy(seeds[i % 10 == 0 ? 0 : 1], i, prompt!)), ct);
        var node = await ReadAsync(Node.ResourceKind, new(string.Empty, ScaleObjects.Node(0).Metadata.Name!), keys, ct) ?? throw new InvalidOperationException("there is no node to copy");
        await etcd.PutAsync(Enumerable.Range(1, size.Nodes - 1).Select(i => Copy(node, (node.Name, ScaleObjects.Node(i).Metadata.Name!), (node.Uid, $"{Guid.NewGuid()}"))), ct);
    }

    /// <summary>Copies of one object that belong to nobody.</summary>
    public async Task WriteAsync<T>(int count, Func<int, T> make, CancellationToken ct)
        where T : class, IResource<T>
    {
        var first = (await client.CreateAsync(make(0), ct)).Key();
        var one = (await ReadAsync(T.ResourceKind, first, await etcd.KeysAsync(ct), ct))!;
        await etcd.PutAsync(
            Enumerable.Range(1, count - 1).Select(make).Select(copy => Copy(one, (first.Name, copy.Metadata.Name!), (first.Namespace, copy.Metadata.Namespace!), (one.Uid, $"{Guid.NewGuid()}"))), ct);
    }

    private static (string Key, string Value) Copy(Stored one, params (string From, string To)[] names) => (Replace(one.Key, names), Replace(one.Json, names));

    private async Task<Seed> ReadAsync(int i, IReadOnlyList<string> keys, PromptVersion prompt, CancellationToken ct)
    {
        var deployment = ScaleObjects.Deployment(i, size);
        var hashes = PlanBuilder.Build(deployment, prompt).Desired!.Hashes;
        var name = deployment.Metadata.Name!;
        var stored = new List<Stored>();
        foreach (var (kind, own) in Kinds.SelectMany(kind => new[] { name, $"{name}-{hashes.Serving}", $"{name}-{hashes.Release}", $"{name}-{hashes.Serving}-0" }.Select(own => (kind, own))))
        {
            if (await ReadAsync(kind, new(deployment.Metadata.Namespace!, own), keys, ct) is { } one && !stored.Exists(known => known.Key == one.Key))
                stored.Add(one);
        }

        return new(deployment, hashes, stored);
    }

    /// <summary>Null where there is none.</summary>
    private async Task<Stored?> ReadAsync(ResourceKind kind, ObjectKey key, IReadOnlyList<string> keys, CancellationToken ct)
    {
        var root = kind.Group.Length == 0 ? $"/api/{kind.Version}" : $"/apis/{kind.ApiVersion}";
        var path = key.Namespace.Length == 0 ? $"{root}/{kind.Plural}/{key.Name}" : $"{root}/namespaces/{key.Namespace}/{kind.Plural}/{key.Name}";
        using var answer = await client.RawAsync(HttpMethod.Get, path, null, ct);
        if (!answer.IsSuccessStatusCode)
            return null;
        var json = JsonNode.Parse(await answer.Content.ReadAsStringAsync(ct))!.AsObject();
        var metadata = json["metadata"]!.AsObject();
        metadata.Remove("resourceVersion");
        var stored = keys.Single(at => at.EndsWith($"/{key}", StringComparison.Ordinal) && at.Split('/').Contains(kind.Plural));
        return new(stored, key.Name, (string)metadata["uid"]!, (string?)metadata["annotations"]?[Annotations.Applied], kind, json.ToJsonString());
    }

    private IEnumerable<(string Key, string Value)> Copy(Seed seed, int i, PromptVersion prompt)
    {
        var deployment = ScaleObjects.Deployment(i, size);
        var uids = seed.Objects.ToDictionary(one => one.Uid, _ => $"{Guid.NewGuid()}");
        deployment = deployment with { Metadata = deployment.Metadata with { Uid = uids[seed.Objects.Single(one => one.Kind == LlmDeployment.ResourceKind).Uid] } };
        var wanted = PlanBuilder.Build(deployment, prompt).Desired!;
        var hashes = Applied(deployment, wanted);
        (string, string)[] names =
        [
            (seed.Deployment.Metadata.Name!, deployment.Metadata.Name!),
            (seed.Deployment.Metadata.Namespace!, deployment.Metadata.Namespace!),
            (seed.Deployment.Spec.Model.Source, deployment.Spec.Model.Source),
            // Arguments of the engine name the model without its scheme.
            (seed.Deployment.Spec.Model.Source["hf://".Length..], deployment.Spec.Model.Source["hf://".Length..]),
            (seed.Hashes.Release, wanted.Hashes.Release),
            (seed.Hashes.Serving, wanted.Hashes.Serving),
            .. uids.Select(uid => (uid.Key, uid.Value)),
        ];
        foreach (var one in seed.Objects)
        {
            var json = one.Applied is { } applied && hashes.TryGetValue(one.Kind.Kind, out var hash) ? one.Json.Replace(applied, hash, StringComparison.Ordinal) : one.Json;
            json = Replace(json, names);
            if (one.Kind == Pod.ResourceKind)
                json = Bind(json, ScaleObjects.Node(i % size.Nodes).Metadata.Name!);
            yield return (Replace(one.Key, names), json);
        }
    }

    /// <summary>What the operator writes about the wish into each object, by kind.</summary>
    private static Dictionary<string, string> Applied(LlmDeployment owner, DesiredRelease wanted)
    {
        var engine = EngineCatalog.Find(owner.Spec.Engine.Type)!;
        var hashes = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            [nameof(Deployment)] = Hash(ServingResources.Deployment(owner, wanted.Hashes.Serving, wanted.Record, 1)),
            [nameof(Service)] = Hash(ServingResources.Service(owner, wanted.Hashes.Serving, engine)),
            [nameof(PodDisruptionBudget)] = Hash(ScalingResources.DisruptionBudget(owner)),
            [nameof(ControllerRevision)] = Hash(ServingResources.Revision(owner, wanted.Hashes, wanted.Record, 1)),
        };
        if (ScalingResources.Autoscaler(owner, engine) is { } autoscaler)
            hashes[nameof(HorizontalPodAutoscaler)] = Hash(autoscaler);
        return hashes;
    }

    private static string Hash<T>(T desired)
        where T : class, IResource<T> => ObjectComparison.WithHash(desired).Metadata.Annotations![Annotations.Applied];

    private static string Bind(string pod, string node)
    {
        var json = JsonNode.Parse(pod)!;
        json["spec"]!["nodeName"] = node;
        return json.ToJsonString();
    }

    private static string Replace(string text, IEnumerable<(string From, string To)> names) =>
        names.Where(name => name.From.Length > 0).Aggregate(text, (now, name) => now.Replace(name.From, name.To, StringComparison.Ordinal));

    private sealed record Seed(LlmDeployment Deployment, ReleaseHashes Hashes, IReadOnlyList<Stored> Objects);

    /// <param name="Key">In etcd.</param>
    /// <param name="Applied">Hash that the operator wrote into it; null where it did not.</param>
    private sealed record Stored(string Key, string Name, string Uid, string? Applied, ResourceKind Kind, string Json);
}
