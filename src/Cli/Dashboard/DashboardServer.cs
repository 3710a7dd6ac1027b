using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using LlmOps.Api;
using LlmOps.Cli.Actions;
using LlmOps.Kubernetes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using BadHttpRequestException = Microsoft.AspNetCore.Http.BadHttpRequestException;

namespace LlmOps.Cli.Dashboard;

/// <summary>
/// The page and its data on 127.0.0.1. It acts with the user's rights, so nobody else may use it. Guarantees: the address carries a secret of this run behind <c>#</c>, which no request but the
/// page's own <c>Authorization</c> header repeats, so neither other sites nor other users of the machine get an answer; a name that leads here from elsewhere (DNS rebinding) is refused by its
/// <c>Host</c>; the page loads nothing from anywhere else (Content-Security-Policy) and writes what it shows as text, never as HTML.
/// </summary>
internal sealed class DashboardServer(Session session, Views views)
{
    private const int MaxBody = 8 * 1024;

    private static readonly string[] Actions = ["Approve", "Promote", "Abort"];
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(30);

    private readonly string token = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24));
    private string[] hosts = [];

    /// <summary>Serves until cancelled.</summary>
    /// <param name="port">Port; 0 for one that is free.</param>
    /// <param name="started">Is given the address to open.</param>
    /// <param name="ct">Ends it.</param>
    /// <exception cref="CliException">The port is taken.</exception>
    public async Task RunAsync(int port, Action<Uri> started, CancellationToken ct)
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = MaxBody;
            kestrel.Listen(IPAddress.Loopback, port, listen => listen.Protocols = HttpProtocols.Http1);
        });
        await using var app = builder.Build();
        app.Run(AnswerAsync);
        try
        {
            await app.StartAsync(ct);
        }
        catch (IOException e) when (e.InnerException is SocketException or Microsoft.AspNetCore.Connections.AddressInUseException)
        {
            throw new CliException($"port {port} of 127.0.0.1 is taken: choose another with --port, or leave it out", cause: e);
        }

        var address = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
        hosts = [$"127.0.0.1:{address.Port}", $"localhost:{address.Port}"];
        started(new Uri(address, $"/#token={token}"));
        try
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, ct);
        }
        finally
        {
            // A page that is open holds its connection: it is not waited for.
            using var now = new CancellationTokenSource(TimeSpan.Zero);
            await app.StopAsync(now.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var (request, headers) = (context.Request, context.Response.Headers);
        headers.ContentSecurityPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers.CacheControl = "no-store";
        if (!hosts.Contains(request.Host.Value, StringComparer.OrdinalIgnoreCase))
            await SayAsync(context, StatusCodes.Status421MisdirectedRequest, "open the address that kubectl llm dashboard printed");
        else if (request.Headers.Origin is [{ } origin, ..] && origin != $"http://{request.Host.Value}")
            await SayAsync(context, StatusCodes.Status403Forbidden, "other sites may not ask");
        else if (!request.Path.StartsWithSegments("/api", out var rest))
            await FileAsync(context);
        else if (!IsAllowed(request))
            await SayAsync(context, StatusCodes.Status401Unauthorized, "the address lacks its secret: open the one that kubectl llm dashboard printed");
        else
            await ApiAsync(context, rest.Value?.Trim('/').Split('/') ?? []);
    }

    private bool IsAllowed(HttpRequest request) =>
        CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(request.Headers.Authorization.ToString()), Encoding.UTF8.GetBytes($"Bearer {token}"));

    private static async Task FileAsync(HttpContext context)
    {
        if (!HttpMethods.IsGet(context.Request.Method) || PageFile.Find(context.Request.Path.Value!) is not { } file)
        {
            await SayAsync(context, StatusCodes.Status404NotFound, "there is no such page");
            return;
        }

        context.Response.ContentType = file.Type;
        await context.Response.Body.WriteAsync(file.Content, context.RequestAborted);
    }

    private async Task ApiAsync(HttpContext context, string[] path)
    {
        try
        {
            var ct = context.RequestAborted;
            var answer = (context.Request.Method, path) switch
            {
                ("GET", ["deployments"]) => await views.AllAsync(ct),
                ("GET", ["deployments", var ns, var name]) when IsName(ns) && IsName(name) => await views.OneAsync(new(ns, name), ct),
                ("POST", ["deployments", var ns, var name, "actions"]) when IsName(ns) && IsName(name) => await ActAsync(context, new(ns, name), ct),
                _ => null,
            };
            if (answer is null)
                await SayAsync(context, StatusCodes.Status404NotFound, "there is no such LlmDeployment");
            else
                await WriteAsync(context, StatusCodes.Status200OK, answer);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The page was closed.
        }
        catch (BadHttpRequestException e)
        {
            await SayAsync(context, e.StatusCode, e.Message);
        }
        catch (Exception e) when (Failures.Explain(e) is { } failure)
        {
            await SayAsync(context, e is KubernetesException { IsForbidden: true } ? StatusCodes.Status403Forbidden : StatusCodes.Status502BadGateway, failure.Message);
        }
    }

    /// <summary>A button: a RolloutAction about the release that the page showed.</summary>
    private async Task<JsonNode> ActAsync(HttpContext context, ObjectKey key, CancellationToken ct)
    {
        JsonNode? asked;
        try
        {
            asked = await JsonNode.ParseAsync(context.Request.Body, cancellationToken: ct);
        }
        catch (JsonException)
        {
            asked = null;
        }

        if (asked is not JsonObject || Text(asked["action"]) is not { } verb || !Actions.Contains(verb) || Text(asked["release"]) is not { Length: > 0 } release)
            throw new BadHttpRequestException($"an action is one of {string.Join(", ", Actions)} and names its release");
        var spec = new RolloutActionSpec { Deployment = key.Name, Action = verb, Release = release, Reason = Text(asked["reason"]) is { Length: > 0 } reason ? reason : null, RequestedBy = await Actor.NameAsync(session, ct) };
        var action = await Acting.AskAsync(session, key.Namespace, spec, verb.ToLowerInvariant(), ct);
        return JsonSerializer.SerializeToNode(await Acting.AnswerAsync(session, action, AnswerTimeout, ct), ApiJson.Default.RolloutAction)!;
    }

    private static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    private static bool IsName(string text) => text.Length is > 0 and <= 253 && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '-' or '.') && char.IsAsciiLetterOrDigit(text[0]);

    private static Task SayAsync(HttpContext context, int status, string message) => WriteAsync(context, status, new JsonObject { ["error"] = message });

    private static Task WriteAsync(HttpContext context, int status, JsonNode body)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json; charset=utf-8";
        return context.Response.WriteAsync(body.ToJsonString(), context.RequestAborted);
    }
}
