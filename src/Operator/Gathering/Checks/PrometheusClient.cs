using System.Globalization;
using System.Text;
using LlmOps.Kubernetes;

namespace LlmOps.Operator.Gathering.Checks;

/// <summary>Where to ask.</summary>
/// <param name="WithToken">Whether the operator's token goes along. Never to an address of a spec: it would hand the token to whoever wrote that.</param>
internal sealed record PrometheusTarget(Uri Address, bool WithToken);

/// <summary>
/// Asks a Prometheus for one number. Guarantees: never throws but on cancellation by <c>ct</c>; answers within <see cref="MetricHttp.Timeout"/>; reads at most
/// <see cref="MetricHttp.MaxBytes"/>; follows no redirect; quotes what Prometheus says of a mistake, and nothing of an answer that holds the token.
/// </summary>
/// <param name="http">Without a timeout of its own, redirects or cookies.</param>
/// <param name="token">For the operator's own Prometheus; null for none.</param>
internal sealed class PrometheusClient(HttpClient http, BearerToken? token, TimeProvider time)
{
    /// <param name="maxAge">An older sample counts as none.</param>
    public Task<Reading> QueryAsync(PrometheusTarget target, string query, TimeSpan maxAge, CancellationToken ct) =>
        MetricHttp.ReadAsync(target.Address.Authority, stop => AskAsync(target, query, maxAge, stop), time, ct);

    private async Task<Reading> AskAsync(PrometheusTarget target, string query, TimeSpan maxAge, CancellationToken ct)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri($"{target.Address.AbsoluteUri.TrimEnd('/')}/api/v1/query"))
        {
            Content = new FormUrlEncodedContent(
            [
                new("query", query),
                new("timeout", $"{MetricHttp.Timeout.TotalSeconds:0}s"),
                // Without it a series that ended goes on for five minutes. Servers that do not know it ignore it.
                new("lookback_delta", maxAge.TotalSeconds.ToString("0.###", CultureInfo.InvariantCulture)),
            ]),
        };
        string? secret;
        try
        {
            secret = target.WithToken && token is not null ? await token.ReadAsync(time, ct) : null;
        }
        catch (KubernetesConfigurationException)
        {
            return Reading.Error("the token file for Prometheus cannot be read: mount it, or leave --prometheus-token-file out");
        }

        if (secret is not null)
            request.Headers.Authorization = new("Bearer", secret);
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct);
        var body = await MetricHttp.ReadBodyAsync(response.Content, ct);
        // As proxies do that want to help. What is quoted is seen by all who may read the LlmDeployment.
        if (secret is not null && body?.Span.IndexOf(Encoding.UTF8.GetBytes(secret)) >= 0)
            body = ReadOnlyMemory<byte>.Empty;
        if (!response.IsSuccessStatusCode)
        {
            if (response.StatusCode == System.Net.HttpStatusCode.Unauthorized && target.WithToken)
                token?.Invalidate();
            return Reading.Error($"{target.Address.Authority} answered HTTP {(int)response.StatusCode}{(body is { } said && PrometheusAnswer.ErrorOf(said) is { } error ? $": {error}" : string.Empty)}");
        }

        return body is { } text ? PrometheusAnswer.Read(text, time.GetUtcNow(), maxAge) : Reading.Error($"{target.Address.Authority} answered more than {MetricHttp.MaxBytes / 1024} KiB: the query must give one number");
    }
}
