using System.Net;
using LlmOps.Kubernetes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace LlmOps.EndToEnd.Product;

/// <summary>
/// A small gateway that obeys the routes of a namespace: sends each request to a destination of the first rule by its weight and there to a ready endpoint, all as its
/// watches know it. Tries nothing twice: a pod that is gone is a failed request.
/// </summary>
internal sealed class RouteDataPlane<T> : IAsyncDisposable
    where T : class, IResource<T>
{
    private readonly CancellationTokenSource stop = new();
    private readonly Func<T, IEnumerable<(string Service, int Weight)>> shares;
    private readonly Informer<T> routes;
    private readonly Informer<EndpointSlice> endpoints;
    private readonly HttpMessageInvoker http = new(new SocketsHttpHandler { UseProxy = false, ConnectTimeout = TimeSpan.FromSeconds(2) });
    private readonly WebApplication server;
    private Task running = Task.CompletedTask;

    private RouteDataPlane(KubernetesClient client, string ns, Func<T, IEnumerable<(string Service, int Weight)>> shares, Func<T, CancellationToken, Task> learnt)
    {
        this.shares = shares;
        var options = new InformerOptions { Namespace = ns };
        routes = new(client, options, NullLogger.Instance, TimeProvider.System);
        endpoints = new(client, options, NullLogger.Instance, TimeProvider.System);
        routes.Changed += (before, route) =>
        {
            if (route is not null)
                _ = learnt(route, stop.Token);
        };
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        server = builder.Build();
        server.Run(ForwardAsync);
    }

    public Uri Address => new(server.Urls.First());

    /// <param name="shares">Services and weights of the first rule of a route.</param>
    /// <param name="learnt">Told of each version of a route.</param>
    public static async Task<RouteDataPlane<T>> StartAsync(
        KubernetesClient client, string ns, Func<T, IEnumerable<(string Service, int Weight)>> shares, Func<T, CancellationToken, Task> learnt, CancellationToken ct)
    {
        var plane = new RouteDataPlane<T>(client, ns, shares, learnt);
        await plane.server.StartAsync(ct);
        plane.running = Task.WhenAll(plane.routes.RunAsync(plane.stop.Token), plane.endpoints.RunAsync(plane.stop.Token));
        await plane.routes.WaitForSyncAsync(ct);
        await plane.endpoints.WaitForSyncAsync(ct);
        return plane;
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await running;
        await server.DisposeAsync();
        routes.Dispose();
        endpoints.Dispose();
        http.Dispose();
    }

    private async Task ForwardAsync(HttpContext context)
    {
        if (Pick() is not { } target)
        {
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            await context.Response.WriteAsync("no backend has a ready endpoint");
            return;
        }

        using var request = new HttpRequestMessage(new HttpMethod(context.Request.Method), new Uri(target, context.Request.Path.Value)) { Content = new StreamContent(context.Request.Body) };
        request.Content.Headers.TryAddWithoutValidation("Content-Type", context.Request.ContentType);
        try
        {
            using var answer = await http.SendAsync(request, context.RequestAborted);
            context.Response.StatusCode = (int)answer.StatusCode;
            context.Response.ContentType = answer.Content.Headers.ContentType?.ToString();
            await answer.Content.CopyToAsync(context.Response.Body, context.RequestAborted);
        }
        catch (HttpRequestException e) when (!context.Response.HasStarted)
        {
            context.Response.StatusCode = StatusCodes.Status502BadGateway;
            await context.Response.WriteAsync($"{target}: {e.Message}");
        }
    }

    private Uri? Pick()
    {
        var destinations = routes.Store.List().SelectMany(shares).ToList();
        var at = Random.Shared.Next(Math.Max(1, destinations.Sum(destination => destination.Weight)));
        foreach (var (service, weight) in destinations)
        {
            at -= weight;
            if (at >= 0)
                continue;
            var ready = (
                from slice in endpoints.Store.List()
                where slice.Metadata.Labels?.GetValueOrDefault(EndpointSlice.ServiceNameLabel) == service
                from endpoint in slice.Endpoints
                where endpoint.Conditions?.Ready != false
                select new Uri($"http://{endpoint.Addresses[0]}:{slice.Ports![0].Port}")).ToList();
            return ready.Count == 0 ? null : ready[Random.Shared.Next(ready.Count)];
        }

        return null;
    }
}
