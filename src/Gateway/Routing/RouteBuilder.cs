using System.Text.Json;
using LlmOps.Api;
using LlmOps.Gateway.Evidence;
using LlmOps.Gateway.Metering;
using LlmOps.Gateway.Split;
using LlmOps.Kubernetes;

namespace LlmOps.Gateway.Routing;

/// <summary>Makes a route of an LlmDeployment's status and what that names. Remembers what outlives a route. Not thread safe.</summary>
internal sealed class RouteBuilder(EndpointRegistry endpoints, PromptPlans prompts, SecretTokens tokens, EvidenceLedger ledger, GatewayMetrics metrics, TimeProvider time)
{
    private readonly Dictionary<ObjectKey, List<KnownRelease>> releases = [];

    /// <summary>The last stable release that had endpoints.</summary>
    private readonly Dictionary<ObjectKey, ReleaseStatus> serving = [];

    /// <summary>Service of the release that answers in place of a stable release without endpoints. Empty but for moments.</summary>
    private readonly Dictionary<ObjectKey, ObjectKey> relays = [];

    public Route Build(LlmDeployment deployment)
    {
        var key = deployment.Key();
        var status = deployment.Status;
        var stable = status?.Stable is { } s ? Target(key, s, Tracks.Stable) : null;
        var relay = Relay(key, status?.Stable, stable);
        var candidate = status?.Candidate is { } c ? Target(key, c, Tracks.Candidate) : null;
        var weight = candidate is null ? 0 : Math.Clamp(status!.Candidate!.Weight, 0, 100);
        var mirror = stable is null || weight > 0 ? null : RouteSettings.Mirror(status!.Candidate);
        Retire(key, r => r.Release != stable?.Release && r.Release != candidate?.Release && r.Release != relay?.Release);
        return new Route
        {
            Deployment = key,
            DisplayName = key.ToString(),
            Created = deployment.Metadata.CreationTimestamp?.ToUnixTimeSeconds() ?? 0,
            Stickiness = RouteSettings.Stickiness(deployment.Spec),
            Stable = relay ?? stable,
            Candidate = candidate,
            CandidateWeightPercent = weight,
            Mirror = mirror,
            WarmUpRequests = RouteSettings.WarmUpRequests(deployment.Spec),
            Pricing = RouteSettings.Pricing(deployment.Spec),
            Salt = TrafficSplit.Salt(status?.Rollout?.Id ?? string.Empty),
            // Without the stable release there is nothing to compare with.
            Evidence = stable is null || relay is not null ? null : ledger.Observe(key, Position(status!.Rollout, weight, mirror), RouteSettings.Limits(deployment.Spec), stable.State.Answers, candidate?.State.Answers),
        };
    }

    /// <summary>LlmDeployments whose requests go to this Service though their status names it no more.</summary>
    public IEnumerable<ObjectKey> RelayedTo(ObjectKey service) => relays.Where(relay => relay.Value == service).Select(relay => relay.Key);

    /// <summary>Whether a release renders the prompt that answers in place of a stable release without endpoints, or may have to.</summary>
    public bool MayRelay(ObjectKey prompt) => serving.Any(known => known.Key.Namespace == prompt.Namespace && known.Value.Prompt == prompt.Name);

    /// <summary>The LlmDeployment is gone.</summary>
    public void Forget(ObjectKey deployment)
    {
        Retire(deployment, static _ => true);
        releases.Remove(deployment);
        serving.Remove(deployment);
        relays.Remove(deployment);
        ledger.Forget(deployment);
    }

    /// <summary>
    /// The release that was stable before, as long as it has endpoints and the new one has none here: status and EndpointSlices come by different watches, in any order,
    /// and the release before keeps its pods for a while. Null where stable answers itself, or nobody does.
    /// </summary>
    private ReleaseTarget? Relay(ObjectKey key, ReleaseStatus? stable, ReleaseTarget? target)
    {
        relays.Remove(key);
        if (stable is null)
            return null;
        if (target!.Endpoints.Length > 0)
            serving[key] = stable;
        else if (serving.TryGetValue(key, out var before) && before.Release != stable.Release && Target(key, before, Tracks.Stable) is { Endpoints.Length: > 0 } relay)
        {
            relays[key] = new ObjectKey(key.Namespace, before.Service);
            return relay;
        }

        return null;
    }

    private static RolloutPosition? Position(RolloutStatus? rollout, int weight, MirrorRule? mirror) =>
        rollout is null ? null : new(rollout.Id, rollout.WeightEpoch ?? 0, weight, mirror is not null, rollout.IsOver());

    private void Retire(ObjectKey deployment, Predicate<KnownRelease> isGone)
    {
        if (!releases.TryGetValue(deployment, out var known))
            return;
        foreach (var release in known.Where(r => isGone(r)))
            metrics.Retired.Add(deployment, release.Release, release.Meters());
        known.RemoveAll(isGone);
    }

    private ReleaseTarget Target(ObjectKey key, ReleaseStatus release, string track)
    {
        var (plan, problem) = release.Prompt is { } name ? prompts.Find(new ObjectKey(key.Namespace, name)) : (null, null);
        var known = Known(key, release.Release);
        return new ReleaseTarget
        {
            Release = release.Release,
            Track = track,
            ServedNameJson = (byte[])[(byte)'"', .. JsonEncodedText.Encode(release.ServedName ?? key.Name).EncodedUtf8Bytes, (byte)'"'],
            Prompt = plan,
            PromptProblem = problem,
            ApiKey = release.ApiKeySecretRef is { } secret ? new EngineKey(tokens, new ObjectKey(key.Namespace, secret.Name), secret.Key) : null,
            Endpoints = endpoints.Ready(new ObjectKey(key.Namespace, release.Service)),
            State = known.State,
            Meter = track == Tracks.Stable ? known.StableMeter.Value : known.CandidateMeter.Value,
        };
    }

    private KnownRelease Known(ObjectKey key, string release)
    {
        if (!releases.TryGetValue(key, out var ofDeployment))
            releases.Add(key, ofDeployment = new(2));
        var known = ofDeployment.Find(r => r.Release == release);
        if (known is null)
        {
            metrics.Retired.TakeBack(key, release);
            ofDeployment.Add(known = new KnownRelease(
                release,
                new ReleaseState(time),
                new(() => metrics.ForRelease(key, release, Tracks.Stable)),
                new(() => metrics.ForRelease(key, release, Tracks.Candidate))));
        }

        return known;
    }

    private sealed record KnownRelease(string Release, ReleaseState State, Lazy<ReleaseMeter> StableMeter, Lazy<ReleaseMeter> CandidateMeter)
    {
        /// <summary>Those that were ever used.</summary>
        public IReadOnlyList<ReleaseMeter> Meters() => [.. new[] { StableMeter, CandidateMeter }.Where(m => m.IsValueCreated).Select(m => m.Value)];
    }
}
