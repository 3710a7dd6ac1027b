using System.Collections.Concurrent;
using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Tests.World;

namespace LlmOps.Operator.Tests.Scenarios;

/// <summary>What the operator's writes do to the requests of the route <c>chat</c>, in their order.</summary>
internal static class RouteTrail
{
    /// <summary>One line a change: <c>status 25</c>, <c>route 75/25</c>, <c>stable selects HASH</c>, <c>gone HASH</c>.</summary>
    /// <param name="withReplicas">Also <c>HASH has 3</c>.</param>
    public static ConcurrentQueue<string> Follow(TestWorld world, bool withReplicas = false)
    {
        var trail = new ConcurrentQueue<string>();
        var last = States(world, withReplicas).ToDictionary(state => state.Key, state => state.Value);
        world.Server.OnWrite += write =>
        {
            lock (last)
            {
                foreach (var (key, value) in States(world, withReplicas).Where(state => last.GetValueOrDefault(state.Key) != state.Value))
                {
                    last[key] = value;
                    trail.Enqueue($"{key} {value}");
                }

                if (write.Request is { Verb: "delete", Plural: "deployments" })
                    trail.Enqueue($"gone {write.Name["bot-".Length..]}");
            }
        };
        return trail;
    }

    /// <summary>Weights of the two Services in the first rule.</summary>
    public static (int Stable, int Candidate) Weights(TestWorld world)
    {
        var shares = world.Route.Shares(world.Route.Rules(world.Chat!).First());
        return (shares[0].Weight, shares[1].Weight);
    }

    /// <summary>Serving hash that the Service of a track selects.</summary>
    public static string? Selects(TestWorld world, string track) => world.Find<Service>("services", $"bot-{track}")?.Spec?.Selector?[Labels.Serving];

    private static IEnumerable<KeyValuePair<string, string>> States(TestWorld world, bool withReplicas)
    {
        var (stable, candidate) = Weights(world);
        yield return new("status", $"{world.Get().Status?.Candidate?.Weight ?? 0}");
        foreach (var track in (string[])[Tracks.Stable, Tracks.Candidate])
            yield return new($"{track} selects", Selects(world, track) ?? "nothing");
        yield return new("route", $"{stable}/{candidate}");
        foreach (var deployment in withReplicas ? world.All<Deployment>("deployments.apps") : [])
            yield return new($"{deployment.Metadata.Name!["bot-".Length..]} has", $"{deployment.Spec!.Replicas}");
    }
}
