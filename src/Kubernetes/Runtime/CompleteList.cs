namespace LlmOps.Kubernetes;

/// <summary>All pages of a list.</summary>
/// <param name="ResourceVersion">The version to watch from.</param>
internal sealed record CompleteList<T>(string ResourceVersion, IReadOnlyList<T> Items, IReadOnlyList<(ObjectKey Key, string Error)> Undecodable)
    where T : class, IResource<T>;

internal static class CompleteList
{
    public static async Task<CompleteList<T>> ReadAsync<T>(KubernetesClient client, InformerOptions options, Func<T, T>? keep, CancellationToken ct)
        where T : class, IResource<T>
    {
        var query = new ListOptions { LabelSelector = options.LabelSelector, FieldSelector = options.FieldSelector, Limit = options.PageSize };
        try
        {
            return await ReadPagesAsync(client, options.Namespace, query, keep, ct);
        }
        catch (KubernetesException e) when (e.IsExpired)
        {
            // The token of a page lives as long as etcd keeps history (5 minutes). One big page has no token.
            return await ReadPagesAsync(client, options.Namespace, query with { Limit = null }, keep, ct);
        }
    }

    private static async Task<CompleteList<T>> ReadPagesAsync<T>(KubernetesClient client, string? ns, ListOptions query, Func<T, T>? keep, CancellationToken ct)
        where T : class, IResource<T>
    {
        List<T> items = [];
        List<(ObjectKey, string)> undecodable = [];
        while (true)
        {
            var page = await client.ListPageAsync<T>(ns, query, ct);
            items.AddRange(keep is null ? page.Items : page.Items.Select(keep));
            undecodable.AddRange(page.Undecodable);
            if (string.IsNullOrEmpty(page.Metadata.Continue))
                return new(page.Metadata.ResourceVersion ?? string.Empty, items, undecodable);
            query = query with { Continue = page.Metadata.Continue };
        }
    }
}
