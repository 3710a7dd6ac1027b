using LlmOps.Demo.Stories;

namespace LlmOps.EndToEnd.Product;

/// <summary>A manifest of the demo's bot as a person keeps it in Git: one replica, and else only what a test is about.</summary>
internal sealed record Wanted
{
    /// <summary>Revision of the demo's model. All of them behave well until a test tells the running engine otherwise.</summary>
    public string Revision { get; init; } = "v1";

    /// <summary>Steps of the rollout, YAML in one line.</summary>
    public string Steps { get; init; } = "[{weight: 50, hold: 1s, minRequests: 5}]";

    /// <summary>Further fields of <c>spec.rollout</c>, YAML in one line each.</summary>
    public IReadOnlyList<string> Rollout { get; init; } = [];

    /// <summary>Further fields of <c>spec</c>, YAML in one line each.</summary>
    public IReadOnlyList<string> Spec { get; init; } = [];

    /// <summary>Further environment of the engine, YAML in one line each.</summary>
    public IReadOnlyList<string> Env { get; init; } = [];

    /// <summary>Secret whose key <c>apiKey</c> the engine asks for; null for an engine without one.</summary>
    public string? ApiKeySecret { get; init; }

    /// <summary>Secret whose key <c>token</c> the download of the model asks for; null for none.</summary>
    public string? CredentialsSecret { get; init; }

    /// <summary>Secret for pulling the engine's image; null for none.</summary>
    public string? PullSecret { get; init; }

    /// <summary>Writes it to a file of its own, for kubectl.</summary>
    public async Task<string> SaveAsync(CancellationToken ct)
    {
        var file = Path.Combine(Directory.CreateTempSubdirectory("e2e").FullName, $"{Revision}.yaml");
        var env = string.Join(", ", Env);
        var key = ApiKeySecret is null ? string.Empty : $", apiKeySecretRef: {{name: {ApiKeySecret}, key: apiKey}}";
        var credentials = CredentialsSecret is null ? string.Empty : $", credentialsSecretRef: {{name: {CredentialsSecret}, key: token}}";
        var pull = PullSecret is null ? string.Empty : $"podTemplate: {{imagePullSecrets: [{{name: {PullSecret}}}]}}";
        var rollout = string.Join(", ", [$"steps: {Steps}", "scaleDownDelay: 1s", .. Rollout]);
        await File.WriteAllTextAsync(
            file,
            $$"""
            apiVersion: llmops.dev/v1alpha1
            kind: LlmDeployment
            metadata: {name: {{Samples.Deployment}}}
            spec:
              model: {source: hf://acme/support-7b, revision: {{Revision}}{{credentials}} }
              engine: {type: vLLM, maxModelLen: 8192, env: [{{env}}]{{key}} }
              resources: {gpu: {count: 1, product: NVIDIA-H100-80GB-HBM3} }
              prompt: {name: support-1.0.0}
              {{pull}}
              replicas: 1
              rollout: { {{rollout}} }
            {{string.Concat(Spec.Select(field => $"  {field}\n"))}}
            """,
            ct);
        return file;
    }
}
