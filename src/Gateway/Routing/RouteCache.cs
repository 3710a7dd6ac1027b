using LlmOps.Api;
using LlmOps.Gateway.Evidence;
using LlmOps.Gateway.Metering;
using LlmOps.Kubernetes;

namespace LlmOps.Gateway.Routing;

/// <summary>
/// Holds the objects that routes are made of and the route table made of them. A change is in the table when
/// <c>Apply</c> returns; requests read the table without a lock. Before <see cref="MarkSynced"/> nothing is published,
/// so a half-read cluster never looks like a cluster with half of its models.
/// </summary>
internal sealed class RouteCache
{
    private readonly Lock gate = new();
    private readonly ILogger logger;
    private readonly Dictionary<ObjectKey, LlmDeployment> deployments = [];
    private readonly UsageIndex byService = new(static r => r.Service);
    private readonly UsageIndex byPrompt = new(static r => r.Prompt);
    private readonly EndpointRegistry endpoints = new();
    private readonly PromptPlans prompts = new();
    private readonly RouteBuilder builder;
    private volatile RouteTable current = RouteTable.Empty;
    private volatile bool synced;

    public RouteCache(SecretTokens tokens, EvidenceLedger ledger, GatewayMetrics metrics, TimeProvider time, ILogger logger)
    {
        this.logger = logger;
        builder = new RouteBuilder(endpoints, prompts, tokens, ledger, metrics, time);
    }

    public RouteTable Current => current;

    /// <summary>Whether the first table is published.</summary>
    public bool HasSynced => synced;

    /// <summary>All objects are known: publishes the first table.</summary>
    public void MarkSynced()
    {
        lock (gate)
        {
            // In this order: who sees that it is in sync must find the routes.
            Publish(deployments.Keys);
            synced = true;
            RoutingLog.Synced(logger, deployments.Count);
        }
    }

    public void Apply(LlmDeployment? before, LlmDeployment? after)
    {
        if ((after ?? before)?.Key() is not { } key)
            return;
        lock (gate)
        {
            var known = deployments.GetValueOrDefault(key);
            byService.Move(key, known, after);
            byPrompt.Move(key, known, after);
            if (after is null)
                deployments.Remove(key);
            else
                deployments[key] = after;
            PublishWhenSynced([key]);
        }
    }

    public void Apply(PromptVersion? before, PromptVersion? after)
    {
        if ((after ?? before)?.Key() is not { } key)
            return;
        lock (gate)
        {
            var users = byPrompt.Users(key);
            if (prompts.Apply(key, after, users.Count > 0))
                PublishWhenSynced(users);
        }
    }

    public void Apply(EndpointSlice? before, EndpointSlice? after)
    {
        lock (gate)
            PublishWhenSynced([.. endpoints.Apply(before, after).SelectMany(service => byService.Users(service).Concat(builder.RelayedTo(service))).Distinct()]);
    }

    private void PublishWhenSynced(IReadOnlyCollection<ObjectKey> changed)
    {
        if (synced)
            Publish(changed);
    }

    private void Publish(IReadOnlyCollection<ObjectKey> changed)
    {
        if (changed.Count == 0)
            return;
        current = current.With([.. changed.Select(key => (key, deployments.TryGetValue(key, out var d) ? Build(d) : Gone(key)))]);
        prompts.Sweep(prompt => byPrompt.Users(prompt).Count > 0 || builder.MayRelay(prompt));
    }

    private Route? Gone(ObjectKey key)
    {
        builder.Forget(key);
        RoutingLog.RouteGone(logger, key);
        return null;
    }

    private Route Build(LlmDeployment deployment)
    {
        var key = deployment.Key();
        var known = current.Find(key.ToString()).Route;
        var route = builder.Build(deployment);
        if (known?.CandidateWeightPercent != route.CandidateWeightPercent || known.Stable?.Release != route.Stable?.Release || known.Candidate?.Release != route.Candidate?.Release)
            RoutingLog.RouteChanged(logger, key, route.Stable?.Release, route.Candidate?.Release, route.CandidateWeightPercent);
        return route;
    }
}
