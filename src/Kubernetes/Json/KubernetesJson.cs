using System.Text.Json;
using System.Text.Json.Serialization;

namespace LlmOps.Kubernetes;

/// <summary>
/// JSON contracts of the built-in kinds. Unknown fields are ignored, absent ones are not written. Twice as deep as what may be in an object of ours (64), which is put
/// into them.
/// </summary>
[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web,
    MaxDepth = 128,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    NumberHandling = JsonNumberHandling.Strict,
    Converters = [typeof(TimestampConverter), typeof(InternedStringConverter), typeof(SmallMapConverter)])]
[JsonSerializable(typeof(ConfigMap))]
[JsonSerializable(typeof(ResourceList<ConfigMap>))]
[JsonSerializable(typeof(Secret))]
[JsonSerializable(typeof(ResourceList<Secret>))]
[JsonSerializable(typeof(Service))]
[JsonSerializable(typeof(ResourceList<Service>))]
[JsonSerializable(typeof(Node))]
[JsonSerializable(typeof(ResourceList<Node>))]
[JsonSerializable(typeof(Namespace))]
[JsonSerializable(typeof(ResourceList<Namespace>))]
[JsonSerializable(typeof(EndpointSlice))]
[JsonSerializable(typeof(ResourceList<EndpointSlice>))]
[JsonSerializable(typeof(ResourceQuota))]
[JsonSerializable(typeof(ResourceList<ResourceQuota>))]
[JsonSerializable(typeof(Pod))]
[JsonSerializable(typeof(ResourceList<Pod>))]
[JsonSerializable(typeof(BoundPod))]
[JsonSerializable(typeof(ResourceList<BoundPod>))]
[JsonSerializable(typeof(Deployment))]
[JsonSerializable(typeof(ResourceList<Deployment>))]
[JsonSerializable(typeof(Job))]
[JsonSerializable(typeof(ResourceList<Job>))]
[JsonSerializable(typeof(PodDisruptionBudget))]
[JsonSerializable(typeof(ResourceList<PodDisruptionBudget>))]
[JsonSerializable(typeof(HorizontalPodAutoscaler))]
[JsonSerializable(typeof(ResourceList<HorizontalPodAutoscaler>))]
[JsonSerializable(typeof(Lease))]
[JsonSerializable(typeof(ResourceList<Lease>))]
[JsonSerializable(typeof(Event))]
[JsonSerializable(typeof(ResourceList<Event>))]
[JsonSerializable(typeof(ControllerRevision))]
[JsonSerializable(typeof(ResourceList<ControllerRevision>))]
[JsonSerializable(typeof(ServiceAccount))]
[JsonSerializable(typeof(ResourceList<ServiceAccount>))]
[JsonSerializable(typeof(Role))]
[JsonSerializable(typeof(ResourceList<Role>))]
[JsonSerializable(typeof(RoleBinding))]
[JsonSerializable(typeof(ResourceList<RoleBinding>))]
[JsonSerializable(typeof(ReplicaSet))]
[JsonSerializable(typeof(ResourceList<ReplicaSet>))]
[JsonSerializable(typeof(HttpRoute))]
[JsonSerializable(typeof(ResourceList<HttpRoute>))]
[JsonSerializable(typeof(VirtualService))]
[JsonSerializable(typeof(ResourceList<VirtualService>))]
[JsonSerializable(typeof(Scale))]
[JsonSerializable(typeof(Status))]
[JsonSerializable(typeof(DeleteOptions))]
[JsonSerializable(typeof(ListMeta))]
[JsonSerializable(typeof(OwnerReference))]
public sealed partial class KubernetesJson : JsonSerializerContext;
