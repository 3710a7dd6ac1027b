using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Engines;
using LlmOps.Operator.Traffic;

namespace LlmOps.Operator.Resources;

/// <summary>What makes a release serve: its snapshot, and per serving hash a Deployment and a Service. Pure.</summary>
internal static class ServingResources
{
    /// <summary>The snapshot of a release.</summary>
    /// <param name="revision">Its number, rising with each release of the LlmDeployment.</param>
    public static ControllerRevision Revision(LlmDeployment owner, ReleaseHashes hashes, ReleaseRecord record, long revision)
    {
        var metadata = OwnedMetadata.Of(owner, ObjectNames.Revision(owner.Metadata.Name!, hashes.Release), hashes.Serving);
        return new ControllerRevision
        {
            Metadata = metadata with { Labels = new Dictionary<string, string>(metadata.Labels!, StringComparer.Ordinal) { [Labels.Release] = hashes.Release } },
            Data = record.ToJson(),
            Revision = revision,
        };
    }

    /// <summary>The Deployment of a serving hash. Its template never changes, so its pods never roll.</summary>
    public static Deployment Deployment(LlmDeployment owner, string servingHash, ReleaseRecord record, int replicas)
    {
        var name = owner.Metadata.Name!;
        var startup = record.Release.Engine.StartupDeadline ?? Defaults.StartupDeadline;
        return new Deployment
        {
            Metadata = OwnedMetadata.Of(owner, ObjectNames.Serving(name, servingHash), servingHash),
            Spec = new DeploymentSpec
            {
                Replicas = replicas,
                Selector = new LabelSelector { MatchLabels = OwnedMetadata.PodSelector(name, servingHash) },
                Template = record.Template,
                // Only a foreign edit of the template could roll pods. Then no GPU beyond those in use is taken.
                Strategy = new DeploymentStrategy { Type = "RollingUpdate", RollingUpdate = new RollingUpdate { MaxSurge = 0, MaxUnavailable = 1 } },
                RevisionHistoryLimit = 1,
                ProgressDeadlineSeconds = (int)startup.Value.TotalSeconds + 600,
            },
        };
    }

    /// <summary>The Service of a serving hash: gateways read its EndpointSlices, the evaluator calls it.</summary>
    public static Service Service(LlmDeployment owner, string servingHash, IEngine engine) => new()
    {
        Metadata = OwnedMetadata.Of(owner, ObjectNames.Serving(owner.Metadata.Name!, servingHash), servingHash),
        Spec = new ServiceSpec
        {
            Type = "ClusterIP",
            Selector = OwnedMetadata.PodSelector(owner.Metadata.Name!, servingHash),
            Ports = [new ServicePort { Name = EngineSettings.PortName, Port = engine.Port, TargetPort = EngineSettings.PortName, Protocol = "TCP" }],
        },
    };

    /// <summary>
    /// The Service of a track, for a route. It selects by serving hash and not by the label of the track: pods are labelled one by one, and the order of
    /// these writes would lead requests to the wrong release.
    /// </summary>
    public static Service TrackService(LlmDeployment owner, string track, string servingHash)
    {
        var metadata = OwnedMetadata.Of(owner, ObjectNames.Track(owner.Metadata.Name!, track));
        return new Service
        {
            Metadata = metadata with { Labels = new Dictionary<string, string>(metadata.Labels!, StringComparer.Ordinal) { [Labels.Track] = track } },
            Spec = new ServiceSpec
            {
                Type = "ClusterIP",
                Selector = OwnedMetadata.PodSelector(owner.Metadata.Name!, servingHash),
                Ports = [new ServicePort { Name = EngineSettings.PortName, Port = RouteBackends.Port, TargetPort = EngineSettings.PortName, Protocol = "TCP" }],
            },
        };
    }

    /// <summary>Base URL of the Service of a serving hash, from inside the cluster.</summary>
    public static string ServiceUrl(LlmDeployment owner, string servingHash, IEngine engine) =>
        $"http://{ObjectNames.Serving(owner.Metadata.Name!, servingHash)}.{owner.Metadata.Namespace}.svc:{engine.Port}";
}
