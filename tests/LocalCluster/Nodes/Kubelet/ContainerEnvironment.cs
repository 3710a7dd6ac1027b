using System.Text;
using LlmOps.Kubernetes;

namespace LlmOps.LocalCluster.Nodes.Kubelet;

/// <summary>Works out a container's variables, as the kubelet does: literal values, keys of ConfigMaps and Secrets, fields of the pod.</summary>
internal sealed class ContainerEnvironment(KubernetesClient client)
{
    /// <summary>The variables in their order, each with <c>$(NAME)</c> of the ones before it expanded.</summary>
    /// <exception cref="PodSetupException">A ConfigMap, Secret or key is missing.</exception>
    public async Task<Dictionary<string, string?>> ResolveAsync(Pod pod, Container container, string podIP, CancellationToken ct)
    {
        var values = new Dictionary<string, string?>();
        foreach (var variable in container.Env ?? [])
        {
            var value = variable.ValueFrom is { } source
                ? await FromAsync(source, pod, podIP, ct)
                : Expand(variable.Value ?? string.Empty, values);
            if (value is not null)
                values[variable.Name] = value;
        }

        return values;
    }

    /// <summary>Replaces <c>$(NAME)</c> where the variable is known; <c>$$</c> is a dollar sign.</summary>
    public static string Expand(string text, IReadOnlyDictionary<string, string?> variables)
    {
        var result = new StringBuilder();
        for (var at = 0; at < text.Length; at++)
        {
            var next = at + 1 < text.Length ? text[at + 1] : '\0';
            if (text[at] == '$' && next == '$')
            {
                result.Append('$');
                at++;
            }
            else if (text[at] == '$' && next == '(' && text.IndexOf(')', at) is > 0 and var end && variables.TryGetValue(text[(at + 2)..end], out var value))
            {
                result.Append(value);
                at = end;
            }
            else
            {
                result.Append(text[at]);
            }
        }

        return result.ToString();
    }

    private async Task<string?> FromAsync(EnvVarSource source, Pod pod, string podIP, CancellationToken ct)
    {
        var ns = pod.Metadata.Namespace!;
        if (source.ConfigMapKeyRef is { } map)
        {
            var data = (await client.GetAsync<ConfigMap>(new(ns, map.Name), ct))?.Data;
            return Key("configmap", "ConfigMap", map, data, ns);
        }

        if (source.SecretKeyRef is { } secret)
        {
            var data = (await client.GetAsync<Secret>(new(ns, secret.Name), ct))?.Data;
            return Key("secret", "Secret", secret, data, ns) is { } encoded ? Encoding.UTF8.GetString(Convert.FromBase64String(encoded)) : null;
        }

        return source.FieldRef is { } field ? Field(field.FieldPath, pod, podIP) : null;
    }

    private static string? Key(string kind, string title, KeySelector selector, IReadOnlyDictionary<string, string>? data, string ns)
    {
        if (data?.GetValueOrDefault(selector.Key) is { } value)
            return value;
        if (selector.Optional == true)
            return null;
        throw new PodSetupException("CreateContainerConfigError", data is null ? $"{kind} \"{selector.Name}\" not found" : $"couldn't find key {selector.Key} in {title} {ns}/{selector.Name}");
    }

    private static string? Field(string path, Pod pod, string podIP) => path switch
    {
        "metadata.name" => pod.Metadata.Name,
        "metadata.namespace" => pod.Metadata.Namespace,
        "metadata.uid" => pod.Metadata.Uid,
        "spec.nodeName" => pod.Spec?.NodeName,
        "spec.serviceAccountName" => pod.Spec?.ServiceAccountName ?? "default",
        "status.podIP" or "status.podIPs" => podIP,
        "status.hostIP" => pod.Status?.HostIP,
        _ when Subscript(path, "metadata.labels") is { } label => pod.Metadata.Labels?.GetValueOrDefault(label) ?? string.Empty,
        _ when Subscript(path, "metadata.annotations") is { } annotation => pod.Metadata.Annotations?.GetValueOrDefault(annotation) ?? string.Empty,
        _ => throw new PodSetupException("CreateContainerConfigError", $"field path {path} is not supported by the node simulator"),
    };

    private static string? Subscript(string path, string map) =>
        path.StartsWith($"{map}['", StringComparison.Ordinal) && path.EndsWith("']", StringComparison.Ordinal) ? path[(map.Length + 2)..^2] : null;
}
