using LlmOps.Kubernetes;

namespace LlmOps.Testing;

/// <summary>Definitions of kinds of other projects, where a test needs the kind and not its rules: as small as a CRD can be, and not those of the projects.</summary>
public static class MinimalCrd
{
    /// <summary>YAML of a kind with spec and status of any content.</summary>
    public static string Of(ResourceKind kind)
    {
        var singular = kind.Kind.ToLowerInvariant();
        return $$$"""
            apiVersion: apiextensions.k8s.io/v1
            kind: CustomResourceDefinition
            metadata: {name: {{{kind.Plural}}}.{{{kind.Group}}}}
            spec:
              group: {{{kind.Group}}}
              scope: {{{(kind.Namespaced ? "Namespaced" : "Cluster")}}}
              names: {kind: {{{kind.Kind}}}, listKind: {{{kind.Kind}}}List, plural: {{{kind.Plural}}}, singular: {{{singular}}}}
              versions:
              - name: {{{kind.Version}}}
                served: true
                storage: true
                subresources: {status: {}}
                schema:
                  openAPIV3Schema:
                    type: object
                    properties:
                      spec: {type: object, x-kubernetes-preserve-unknown-fields: true}
                      status: {type: object, x-kubernetes-preserve-unknown-fields: true}
            """;
    }
}
