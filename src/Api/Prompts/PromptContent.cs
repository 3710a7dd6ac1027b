using System.Text.Json.Nodes;
using System.Text.Json;

namespace LlmOps.Api;

/// <summary>Identity of what a prompt renders to.</summary>
public static class PromptContent
{
    /// <summary>
    /// SHA-256 (64 hexadecimal digits) over messages, variables and parameters. Name, family, version, parent, author, notes
    /// and the descriptions of variables do not count, and a default says the same as leaving the field out.
    /// </summary>
    public static string Hash(PromptVersionSpec spec)
    {
        var content = new JsonObject
        {
            ["messages"] = new JsonArray([.. spec.Messages.Select(m => JsonSerializer.SerializeToNode(m, ApiJson.Default.PromptMessage))]),
        };
        if (spec.Variables is { Count: > 0 } variables)
            content["variables"] = new JsonObject(variables.Select(v => KeyValuePair.Create(v.Key, JsonSerializer.SerializeToNode(Normalize(v.Value), ApiJson.Default.PromptVariable))));
        if (spec.Parameters is { } parameters)
        {
            var node = JsonSerializer.SerializeToNode(parameters.Stop is { Count: 0 } ? parameters with { Stop = null } : parameters, ApiJson.Default.SamplingParameters);
            if (node is JsonObject { Count: > 0 })
                content["parameters"] = node;
        }

        return CanonicalJson.Hash(content);
    }

    private static PromptVariable Normalize(PromptVariable variable) => variable with
    {
        Type = variable.Type ?? PromptVariableTypes.Text,
        Required = variable.Required ?? false,
        Default = variable.Default ?? (variable.Required == true ? null : string.Empty),
        Trust = variable.Trust ?? "trusted",
        Description = null,
    };
}
