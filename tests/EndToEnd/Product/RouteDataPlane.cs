using System.Net;
using System.Text.Json.Nodes;
using LlmOps.Kubernetes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace LlmOps.EndToEnd.Product;

/// <summary>
/// A small gateway of Gateway API: accepts the HTTPRoutes of a namespace at their generation, and sends each request to a backend of the first rule by its weight
/// and there to a ready endpoint, all as its watches know it. Tries nothing twice: a pod that is gone is a failed request.
/// </summary>
internal sealed class RouteDataPlane : IAsyncDisposable
{
    private readonly CancellationTokenSource stop = new();
    private readonly KubernetesClient client;
    private readonly Informer<HttpRoute> routes;
    private readonly Informer<EndpointSlice> endpoints;
    private readonly HttpMessageInvoker http = new(new SocketsHttpHandler { UseProxy = false, ConnectTimeout = TimeSpan.FromSeconds(2) });
    private readonly WebApplication server;
    private Task running = Task.CompletedTask;

    private RouteDataPlane(KubernetesClient client, string ns)
    {
        this.client = client;
        var options = new InformerOptions { Namespace = ns };
        routes = new(client, options, NullLogger.Instance, TimeProvider.System);
        endpoints = new(client, options, NullLogger.Instance, TimeProvider.System);
        routes.Changed += (before, route) =>
        {
            if (route is not null)
                _ = AcceptAsync(route);
        };
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        server = builder.Build();
        server.Run(ForwardAsync);
    }

    public Uri Address => new(server.Urls.First());

    public static async Task<RouteDataPlane> StartAsync(KubernetesClient client, string ns, CancellationToken ct)
    {
        var plane = new RouteDataPlane(client, ns);
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

    private async Task AcceptAsync(HttpRoute route)
    {
        JsonObject Condition(string type) => new()
        {
            ["type"] = type,
            ["status"] = "True",
            ["reason"] = type,
            ["message"] = string.Empty,
            ["observedGeneration"] = route.Metadata.Generation,
            ["lastTransitionTime"] = "2026-01-01T00:00:00Z",
        };
        var told = route.Status?.Parents?.SelectMany(parent => parent.Conditions ?? []).Select(condition => condition.ObservedGeneration).DefaultIfEmpty().Min();
        if (told == route.Metadata.Generation)
            return;
        var parents = new JsonArray([.. (route.Spec?.ParentRefs ?? []).Select(parent => (JsonNode)new JsonObject
        {
            ["parentRef"] = new JsonObject { ["group"] = "gateway.networking.k8s.io", ["kind"] = "Gateway", ["name"] = parent.Name },
            ["controllerName"] = "test.dev/data-plane",
            ["conditions"] = new JsonArray(Condition("Accepted"), Condition("ResolvedRefs")),
        })]);
        try
        {
            await client.MergePatchAsync<HttpRoute>(route.Key(), new JsonObject { ["status"] = new JsonObject { ["parents"] = parents } }, "status", "data-plane", stop.Token);
        }
        catch (Exception e) when (e is KubernetesException or OperationCanceledException)
        {
            // Gone, or the test is over.
        }
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
        var backends = routes.Store.List().SelectMany(route => route.Spec?.Rules?.Take(1) ?? []).SelectMany(rule => rule.BackendRefs ?? []).ToList();
        var at = Random.Shared.Next(Math.Max(1, backends.Sum(backend => backend.Weight ?? 1)));
        foreach (var backend in backends)
        {
            at -= backend.Weight ?? 1;
            if (at >= 0)
                continue;
            var ready = (
                from slice in endpoints.Store.List()
                where slice.Metadata.Labels?.GetValueOrDefault(EndpointSlice.ServiceNameLabel) == backend.Name
                from endpoint in slice.Endpoints
                where endpoint.Conditions?.Ready != false
                select new Uri($"http://{endpoint.Addresses[0]}:{slice.Ports![0].Port}")).ToList();
            return ready.Count == 0 ? null : ready[Random.Shared.Next(ready.Count)];
        }

        return null;
    }
}
