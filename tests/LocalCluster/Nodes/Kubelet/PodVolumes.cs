using LlmOps.Kubernetes;

namespace LlmOps.LocalCluster.Nodes.Kubelet;

/// <summary>Makes a pod's volumes as folders: ConfigMaps and Secrets as files, emptyDirs empty, claims shared by all pods that name them.</summary>
/// <remarks>Not played: updates of ConfigMaps and Secrets while a pod runs, projected and image volumes (empty folders), sizes.</remarks>
internal sealed class PodVolumes(KubernetesClient client, string dataDirectory)
{
    /// <summary>The folder of each volume by name.</summary>
    /// <exception cref="PodSetupException">A ConfigMap, Secret or key is missing.</exception>
    public async Task<Dictionary<string, string>> MountAsync(Pod pod, string podDirectory, CancellationToken ct)
    {
        var folders = new Dictionary<string, string>();
        foreach (var volume in pod.Spec?.Volumes ?? [])
        {
            if (volume.HostPath is { } host)
            {
                folders[volume.Name] = host.GetProperty("path").GetString()!;
                continue;
            }

            var folder = volume.PersistentVolumeClaim is { } claim
                ? Path.Combine(dataDirectory, "claims", $"{pod.Metadata.Namespace}_{claim.ClaimName}")
                : Path.Combine(podDirectory, "volumes", volume.Name);
            Directory.CreateDirectory(folder);
            folders[volume.Name] = folder;
            foreach (var (path, content) in await FilesAsync(volume, pod.Metadata.Namespace!, ct))
            {
                var file = Path.Combine(folder, path);
                Directory.CreateDirectory(Path.GetDirectoryName(file)!);
                await File.WriteAllBytesAsync(file, content, ct);
            }
        }

        return folders;
    }

    private async Task<IEnumerable<(string Path, byte[] Content)>> FilesAsync(Volume volume, string ns, CancellationToken ct)
    {
        if (volume.ConfigMap is { } map)
        {
            var source = await client.GetAsync<ConfigMap>(new(ns, map.Name ?? string.Empty), ct);
            if (source is null && map.Optional != true)
                throw Missing(volume, $"configmap \"{map.Name}\" not found");
            var text = (source?.Data ?? new Dictionary<string, string>()).ToDictionary(pair => pair.Key, pair => System.Text.Encoding.UTF8.GetBytes(pair.Value));
            foreach (var (key, value) in source?.BinaryData ?? new Dictionary<string, string>())
                text[key] = Convert.FromBase64String(value);
            return Select(volume, text, map.Items, map.Optional);
        }

        if (volume.Secret is { } secret)
        {
            var source = await client.GetAsync<Secret>(new(ns, secret.SecretName ?? string.Empty), ct);
            if (source is null && secret.Optional != true)
                throw Missing(volume, $"secret \"{secret.SecretName}\" not found");
            var data = (source?.Data ?? new Dictionary<string, string>()).ToDictionary(pair => pair.Key, pair => Convert.FromBase64String(pair.Value));
            return Select(volume, data, secret.Items, secret.Optional);
        }

        return [];
    }

    private static List<(string, byte[])> Select(Volume volume, Dictionary<string, byte[]> data, IReadOnlyList<KeyToPath>? items, bool? optional)
    {
        if (items is not { Count: > 0 })
            return [.. data.Select(pair => (pair.Key, pair.Value))];
        var files = new List<(string, byte[])>();
        foreach (var item in items)
        {
            if (data.TryGetValue(item.Key, out var content))
                files.Add((item.Path, content));
            else if (optional != true)
                throw Missing(volume, $"references non-existent config key: {item.Key}");
        }

        return files;
    }

    private static PodSetupException Missing(Volume volume, string what) => new("ContainerCreating", $"MountVolume.SetUp failed for volume \"{volume.Name}\" : {what}");
}
