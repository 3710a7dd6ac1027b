using System.Text.Json;
using LlmOps.Api;
using LlmOps.Gateway.Evidence;
using LlmOps.Gateway.Metering;
using LlmOps.Gateway.Split;
using LlmOps.Kubernetes;

namespace LlmOps.Gateway.Routing;

/// <summary>Makes a route of an LlmDeployment's status and what that names. Remembers what outlives a route. Not thread safe.</summary>
internal sealed class RouteBuilder(EndpointRegistry endpoints, PromptPlans prompts, EvidenceLedger ledger, GatewayMetrics metrics, TimeProvider time)
{
    private readonly Dictionary<ObjectKey, List<KnownRelease>> releases = [];

    public Route Build(LlmDeployment deployment)
    {
        var key = deployment.Key();
        var status = deployment.Status;
        var stable = status?.Stable is { } s ? Target(key, s, Tracks.Stable) : null;
        var candidate = status?.Candidate is { } c ? Target(key, c, Tracks.Candidate) : null;
        var weight = candidate is null ? 0 : Math.Clamp(status!.Candidate!.Weight, 0, 100);
        var rollout = status?.Rollout;
        if (releases.TryGetValue(key, out var known))
            known.RemoveAll(r => r.Release != stable?.Release && r.Release != candidate?.Release);
        return new Route
        {
            Deployment = key,
            DisplayName = key.ToString(),
            Created = deployment.Metadata.CreationTimestamp?.ToUnixTimeSeconds() ?? 0,
            Stickiness = deployment.Spec.Traffic?.Stickiness switch
            {
                "user" => Stickiness.User,
                "request" => Stickiness.Request,
                _ => Stickiness.Session,
            },
            Stable = stable,
            Candidate = candidate,
            CandidateWeightPercent = weight,
            Salt = TrafficSplit.Salt(rollout?.Id ?? string.Empty),
            // Without a stable release there is nothing to compare with.
            Evidence = stable is null ? null : ledger.Observe(key, rollout?.Id, rollout?.WeightEpoch ?? 0, weight, stable.State.FirstToken),
        };
    }

    /// <summary>The LlmDeployment is gone.</summary>
    public void Forget(ObjectKey deployment)
    {
        releases.Remove(deployment);
        ledger.Forget(deployment);
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
            ofDeployment.Add(known = new KnownRelease(
                release,
                new ReleaseState(time),
                new(() => metrics.ForRelease(key, release, Tracks.Stable)),
                new(() => metrics.ForRelease(key, release, Tracks.Candidate))));
        }

        return known;
    }

    private sealed record KnownRelease(string Release, ReleaseState State, Lazy<ReleaseMeter> StableMeter, Lazy<ReleaseMeter> CandidateMeter);
}
