using System.Text.Json.Nodes;

namespace LlmOps.Kubernetes.Tests.Conformance;

/// <summary>A custom kind with one field of every sort that the suite looks at.</summary>
internal static class Widgets
{
    public const string ApiVersion = "conformance.llmops.dev/v1";

    public static JsonObject Definition => JsonNode.Parse("""
        {
          "apiVersion": "apiextensions.k8s.io/v1",
          "kind": "CustomResourceDefinition",
          "metadata": { "name": "widgets.conformance.llmops.dev" },
          "spec": {
            "group": "conformance.llmops.dev",
            "names": { "kind": "Widget", "listKind": "WidgetList", "plural": "widgets", "singular": "widget" },
            "scope": "Namespaced",
            "versions": [ {
              "name": "v1", "served": true, "storage": true,
              "subresources": {
                "status": {},
                "scale": { "specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas", "labelSelectorPath": ".status.selector" }
              },
              "schema": { "openAPIV3Schema": {
                "type": "object",
                "required": ["spec"],
                "properties": {
                  "spec": {
                    "type": "object",
                    "required": ["color"],
                    "properties": {
                      "color": { "type": "string", "enum": ["red", "green"] },
                      "size": { "type": "integer", "minimum": 1, "maximum": 10, "default": 3 },
                      "label": { "type": "string", "pattern": "^[a-z]+$", "minLength": 2, "maxLength": 5 },
                      "replicas": { "type": "integer" },
                      "port": { "x-kubernetes-int-or-string": true, "anyOf": [ { "type": "integer" }, { "type": "string" } ] },
                      "note": { "type": "string", "nullable": true },
                      "paused": { "type": "boolean" },
                      "options": {
                        "type": "object",
                        "properties": { "mode": { "type": "string", "default": "fast" }, "level": { "type": "integer" } }
                      },
                      "extra": { "type": "object", "additionalProperties": { "type": "string" } },
                      "open": { "type": "object", "x-kubernetes-preserve-unknown-fields": true },
                      "steps": { "type": "array", "maxItems": 3, "items": { "type": "object", "required": ["weight"], "properties": { "weight": { "type": "integer" } } } },
                      "parts": {
                        "type": "array",
                        "x-kubernetes-list-type": "map",
                        "x-kubernetes-list-map-keys": ["name"],
                        "items": { "type": "object", "required": ["name"], "properties": { "name": { "type": "string" }, "count": { "type": "integer" }, "unit": { "type": "string", "default": "piece" } } }
                      },
                      "tags": { "type": "array", "x-kubernetes-list-type": "set", "items": { "type": "string" } },
                      "selector": { "type": "object", "x-kubernetes-map-type": "atomic", "additionalProperties": { "type": "string" } }
                    }
                  },
                  "status": {
                    "type": "object",
                    "properties": {
                      "phase": { "type": "string" },
                      "replicas": { "type": "integer" },
                      "selector": { "type": "string" },
                      "conditions": {
                        "type": "array",
                        "x-kubernetes-list-type": "map",
                        "x-kubernetes-list-map-keys": ["type"],
                        "items": { "type": "object", "required": ["type", "status"], "properties": { "type": { "type": "string" }, "status": { "type": "string" } } }
                      }
                    }
                  }
                }
              } }
            } ]
          }
        }
        """)!.AsObject();

    public static string Collection(string ns) => $"/apis/{ApiVersion}/namespaces/{ns}/widgets";

    public static string Path(string ns, string name) => $"{Collection(ns)}/{name}";

    /// <summary>A widget whose spec is the given JSON; <c>{"color":"red"}</c> is the least that is valid.</summary>
    public static JsonObject Of(string name, string spec = """{"color":"red"}""", string? status = null)
    {
        var widget = new JsonObject
        {
            ["apiVersion"] = ApiVersion,
            ["kind"] = "Widget",
            ["metadata"] = new JsonObject { ["name"] = name },
            ["spec"] = JsonNode.Parse(spec),
        };
        if (status is not null)
            widget["status"] = JsonNode.Parse(status);
        return widget;
    }

    /// <summary>An apply of status alone.</summary>
    public static JsonObject StatusOf(string name, string status)
    {
        var widget = Of(name, "{}", status);
        widget.Remove("spec");
        return widget;
    }
}
