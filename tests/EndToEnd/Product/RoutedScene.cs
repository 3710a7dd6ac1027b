using LlmOps.Api;
using LlmOps.Demo.Stories;
using LlmOps.Kubernetes;

namespace LlmOps.EndToEnd.Product;

/// <summary>A namespace with a release behind a route. Disposing deletes it, so that its GPUs are free for the next test.</summary>
internal sealed record RoutedScene<T>(ProductFixture Product, string Namespace, DeploymentRecorder Recorder, RouteDataPlane<T> Plane) : IAsyncDisposable
    where T : class, IResource<T>
{
    /// <summary>A first release, v1, that the route leads to. Its kind is installed by then.</summary>
    /// <param name="name">Of the LlmDeployment.</param>
    /// <param name="deployment">Manifest.</param>
    /// <param name="replicas">Of the LlmDeployment.</param>
    /// <param name="route">Manifest.</param>
    /// <param name="shares">As in <see cref="RouteDataPlane{T}.StartAsync"/>.</param>
    /// <param name="learnt">As in <see cref="RouteDataPlane{T}.StartAsync"/>.</param>
    public static async Task<RoutedScene<T>> ServeAsync(
        ProductFixture product, string name, string deployment, int replicas, string route, Func<T, IEnumerable<(string Service, int Weight)>> shares, Func<T, CancellationToken, Task> learnt, CancellationToken ct)
    {
        var ns = await product.NamespaceAsync(ct);
        await product.Kubectl.ApplyTextAsync(deployment, ns, ct);
        var recorder = new DeploymentRecorder(product.Client, ns, name, TimeProvider.System);
        await recorder.WaitAsync("v1 to serve", s => s.Stable is { } stable && stable.ReadyReplicas == replicas, ProductFixture.Patience, ct);
        await product.Kubectl.ApplyTextAsync(route, ns, ct);
        var scene = new RoutedScene<T>(product, ns, recorder, await RouteDataPlane<T>.StartAsync(product.Client, ns, shares, learnt, ct));
        await scene.UntilAcceptedAsync(ct);
        await RouteUsers.UntilAnsweredAsync(scene.Plane.Address, name, ct);
        return scene;
    }

    /// <summary>Waits until the weights of the route are in effect.</summary>
    public Task UntilAcceptedAsync(CancellationToken ct) => Recorder.WaitAsync(
        "the route to be accepted", s => s.Conditions?.Any(condition => condition is { Type: ConditionTypes.RouteAccepted, Status: "True" }) == true, ProductFixture.Patience, ct);

    public async ValueTask DisposeAsync()
    {
        await Plane.DisposeAsync();
        await Recorder.DisposeAsync();
        await Product.Client.DeleteAsync<Namespace>(new(string.Empty, Namespace));
    }
}
