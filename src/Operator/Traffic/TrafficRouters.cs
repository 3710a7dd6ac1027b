using LlmOps.Kubernetes;
using LlmOps.Operator.Gathering;
using Microsoft.Extensions.Logging;

namespace LlmOps.Operator.Traffic;

/// <summary>The routers. A new one is a line here, and one in <see cref="Api.RouteReference"/>, by which an LlmDeployment names its routes.</summary>
internal static class TrafficRouters
{
    public static IReadOnlyList<ITrafficRouter> Create(KubernetesClient client, IReadOnlyCollection<string> namespaces, InformerOptions options, ILogger logger, TimeProvider time)
    {
        return
        [
            Of(new HttpRouteFormat()),
            Of(new VirtualServiceFormat()),
        ];

        TrafficRouter<T> Of<T>(IRouteFormat<T> format)
            where T : class, IResource<T> => new(format, new(client, namespaces, options, logger, time));
    }
}
