using System.Reflection;
using System.Text.Json.Nodes;
using LlmOps.Api;
using LlmOps.Api.Schema;
using LlmOps.Kubernetes;

namespace LlmOps.Manifests.CustomResources;

/// <summary>The CustomResourceDefinition of one kind.</summary>
internal static class CustomResourceDefinition
{
    /// <summary>Builds it from the type and its attributes.</summary>
    public static JsonObject Of<T>(DocComments docs)
        where T : class, IResource<T>
    {
        var (type, kind) = (typeof(T), T.ResourceKind);
        var resource = type.GetCustomAttribute<CustomResourceAttribute>() ?? throw new InvalidOperationException($"{type.Name} has no CustomResourceAttribute");
        return new()
        {
            ["apiVersion"] = "apiextensions.k8s.io/v1",
            ["kind"] = "CustomResourceDefinition",
            ["metadata"] = new JsonObject { ["name"] = $"{kind.Plural}.{kind.Group}" },
            ["spec"] = new JsonObject
            {
                ["group"] = kind.Group,
                ["names"] = Names(kind, resource),
                ["scope"] = kind.Namespaced ? "Namespaced" : "Cluster",
                ["versions"] = new JsonArray(new JsonObject
                {
                    ["name"] = kind.Version,
                    ["served"] = true,
                    ["storage"] = true,
                    ["additionalPrinterColumns"] = new JsonArray([.. type.GetCustomAttributes<PrinterColumnAttribute>().Select(Column)]),
                    ["schema"] = new JsonObject { ["openAPIV3Schema"] = new SchemaBuilder(docs).ForKind(type) },
                    ["subresources"] = Subresources(type, resource),
                }),
            },
        };
    }

    private static JsonObject Names(ResourceKind kind, CustomResourceAttribute resource)
    {
        var names = new JsonObject
        {
            ["categories"] = new JsonArray(ApiGroup.Category),
            ["kind"] = kind.Kind,
            ["listKind"] = kind.Kind + "List",
            ["plural"] = kind.Plural,
        };
        if (resource.ShortNames.Count > 0)
            names["shortNames"] = new JsonArray([.. resource.ShortNames.Select(n => JsonValue.Create(n))]);
        names["singular"] = resource.Singular;
        return names;
    }

    private static JsonObject Column(PrinterColumnAttribute column)
    {
        var result = new JsonObject { ["name"] = column.Name, ["type"] = column.Type };
        if (column.Description is { } description)
            result["description"] = description;
        result["jsonPath"] = column.JsonPath;
        if (column.Priority != 0)
            result["priority"] = column.Priority;
        return result;
    }

    private static JsonObject Subresources(Type type, CustomResourceAttribute resource)
    {
        var result = new JsonObject();
        if (type.GetProperty(nameof(LlmDeployment.Status)) is not null)
            result["status"] = new JsonObject();
        if (resource.ScaleSpecPath is { } path)
        {
            result["scale"] = new JsonObject
            {
                ["specReplicasPath"] = path,
                ["statusReplicasPath"] = resource.ScaleStatusPath,
                ["labelSelectorPath"] = resource.ScaleSelectorPath,
            };
        }

        return result;
    }
}
