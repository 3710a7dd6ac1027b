using System.Text.Json;
using System.Text.Json.Serialization;
using LlmOps.Gateway.Routing;

namespace LlmOps.Gateway;

/// <summary><c>GET /v1/models</c>: the LlmDeployments that somebody serves now, by the names that requests use.</summary>
internal sealed record ModelList(string Object, IReadOnlyList<ModelEntry> Data)
{
    public static Task WriteAsync(HttpContext context, RouteTable routes)
    {
        var list = new ModelList("list", [.. routes.Models().Where(m => m.Route.Stable is { Endpoints.Length: > 0 }).Select(m => new ModelEntry(m.Model, "model", m.Route.Created, m.Route.Deployment.Namespace))]);
        return context.Response.WriteAsJsonAsync(list, ModelListJson.Default.ModelList, cancellationToken: context.RequestAborted);
    }
}

/// <summary>One model.</summary>
/// <param name="Id">What requests give as <c>model</c>.</param>
/// <param name="Object">Always <c>model</c>.</param>
/// <param name="Created">Unix seconds.</param>
/// <param name="OwnedBy">Namespace.</param>
internal sealed record ModelEntry(string Id, string Object, long Created, string OwnedBy);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ModelList))]
internal sealed partial class ModelListJson : JsonSerializerContext;
