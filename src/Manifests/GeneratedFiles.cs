using LlmOps.Api;
using LlmOps.Gateway;
using LlmOps.Kubernetes;
using LlmOps.Manifests.CustomResources;
using LlmOps.Manifests.Documents;
using LlmOps.Manifests.Rbac;
using LlmOps.Manifests.Yaml;
using LlmOps.Operator;
using LlmOps.Rollouts;

namespace LlmOps.Manifests;

/// <summary>One generated file.</summary>
/// <param name="Path">Path under its output folder.</param>
/// <param name="Content">Whole content, LF.</param>
internal sealed record GeneratedFile(string Path, string Content);

/// <summary>What <c>make manifests</c> writes.</summary>
internal static class GeneratedFiles
{
    /// <summary>The CRDs.</summary>
    public static IReadOnlyList<GeneratedFile> CustomResources()
    {
        var docs = new DocComments();
        return [Crd<LlmDeployment>(docs), Crd<PromptVersion>(docs), Crd<EvalGate>(docs), Crd<EvalRun>(docs), Crd<RolloutRecord>(docs), Crd<RolloutAction>(docs)];
    }

    /// <summary>Roles and bindings of operator and gateway.</summary>
    public static IReadOnlyList<GeneratedFile> Rbac() =>
    [
        new("operator.yaml", YamlText.Write(RoleManifests.Of("llmops-operator", OperatorPermissions.All))),
        new("gateway.yaml", YamlText.Write(RoleManifests.Of("llmops-gateway", GatewayPermissions.All))),
    ];

    /// <summary>Pages of the documentation that are data of the code.</summary>
    public static IReadOnlyList<GeneratedFile> Documents() => [new(TransitionsDocument.FileName, TransitionsDocument.Write(Transitions.Allowed))];

    private static GeneratedFile Crd<T>(DocComments docs)
        where T : class, IResource<T> =>
        new($"{T.ResourceKind.Group}_{T.ResourceKind.Plural}.yaml", YamlText.Write(CustomResourceDefinition.Of<T>(docs)));
}
