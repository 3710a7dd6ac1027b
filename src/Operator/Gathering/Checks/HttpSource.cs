using System.Globalization;
using System.Net;
using System.Text.Json;
using LlmOps.Api;
using LlmOps.Kubernetes;

namespace LlmOps.Operator.Gathering.Checks;

/// <summary><c>checks[].http</c>: a number in the JSON that a URL answers with.</summary>
/// <param name="allowed">Base URLs that may be asked, with all below them. Whoever may write an LlmDeployment chooses among these what the operator calls; none: nothing.</param>
/// <param name="http">Without a timeout of its own, redirects or cookies.</param>
/// <param name="secrets">For the header; read in the namespace of the LlmDeployment alone.</param>
internal sealed class HttpSource(IReadOnlyList<Uri> allowed, HttpClient http, SecretTokens secrets, TimeProvider time) : IMetricSource
{
    /// <summary>A server may undo these before it looks at the path, and then sees another one.</summary>
    private static readonly string[] Devious = ["..", "//", ";", "\\", "%2e", "%2f", "%5c", "%25"];

    public bool IsNamedBy(CheckSpec check) => check.Http is not null;

    public TrackQuestion Phrase(CheckSpec check, QueryScope scope)
    {
        var asked = check.Http!;
        var (text, unknown) = QueryTemplate.Expand(asked.Url, scope, "URL", Uri.EscapeDataString);
        if (unknown is not null)
            return TrackQuestion.Error(unknown);
        if (!Uri.TryCreate(text, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https") || url.UserInfo.Length > 0 || url.Fragment.Length > 0)
            return TrackQuestion.Error("http.url is not a URL: write one such as https://evals.example.com/quality?release={{release}}");
        return allowed.Any(below => IsBelow(url, below))
            ? TrackQuestion.Of(new HttpQuestion(this, url, asked.Value, asked.Header, scope.Namespace))
            : TrackQuestion.Error("http.url is refused, since it is below no --allow-check-url of the operator: allow its base URL there, or take the check out");
    }

    /// <summary>Asks. As <see cref="IMetricQuestion.AskAsync"/>; credentials that are refused are read anew and, where they changed, tried once more.</summary>
    public Task<Reading> AskAsync(HttpQuestion question, CancellationToken ct) => MetricHttp.ReadAsync(
        question.Url.Authority,
        async stop => (question.Header is { SecretKeyRef: var reference }
            ? await secrets.AskAsync(
                new ObjectKey(question.Namespace, reference.Name), reference.Key, token => SendAsync(question, token, stop), answer => answer.Status is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden, stop)
            : await SendAsync(question, null, stop)).Reading,
        time,
        ct);

    private async Task<(Reading Reading, HttpStatusCode? Status)> SendAsync(HttpQuestion question, SecretToken? token, CancellationToken ct)
    {
        if (token?.Problem is { } problem)
            return (Reading.Error($"{problem}: http.header names it"), null);
        using var request = new HttpRequestMessage(HttpMethod.Get, question.Url);
        request.Headers.Accept.Add(new("application/json"));
        if (token?.AddTo(request.Headers, question.Header!.Name, question.Header.Scheme) == false)
            return (Reading.Error($"{question.Header!.Name} is no header of a request: use Authorization, or what the API's documentation names"), null);
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ct);
        var authority = question.Url.Authority;
        if (!response.IsSuccessStatusCode)
            return (Reading.Error($"{authority} answered HTTP {(int)response.StatusCode}{((int)response.StatusCode is >= 300 and < 400 ? ", and redirects are not followed: write the URL that it leads to" : string.Empty)}"), response.StatusCode);
        var body = await MetricHttp.ReadBodyAsync(response.Content, ct);
        return (body switch
        {
            null => Reading.Error($"{authority} answered more than {MetricHttp.MaxBytes / 1024} KiB: ask for less"),
            { } text when token?.IsIn(text.Span) == true => Reading.Error($"{authority} repeats the credentials that it was sent, so its answer is not read"),
            { } text => HttpAnswer.Read(text, question.Pointer),
        }, response.StatusCode);
    }

    private static bool IsBelow(Uri url, Uri below)
    {
        if (url.Scheme != below.Scheme || url.Port != below.Port || !url.Host.Equals(below.Host, StringComparison.OrdinalIgnoreCase))
            return false;
        var path = below.AbsolutePath.TrimEnd('/');
        return path.Length == 0 || url.AbsolutePath == path ||
            (url.AbsolutePath.StartsWith(path + "/", StringComparison.Ordinal) && !Devious.Any(part => url.AbsolutePath[path.Length..].Contains(part, StringComparison.OrdinalIgnoreCase)));
    }
}

/// <summary>One URL, and where the number is in its answer.</summary>
/// <param name="Pointer">RFC 6901.</param>
/// <param name="Header">Credentials to send along; null for none.</param>
/// <param name="Namespace">Of their Secret.</param>
internal sealed record HttpQuestion(HttpSource Source, Uri Url, string Pointer, CredentialHeader? Header, string Namespace) : IMetricQuestion
{
    // Whether a number in JSON is a counter, nothing tells.
    public bool ReadsRawCounter => false;

    public Task<Reading> AskAsync(TimeSpan maxAge, CancellationToken ct) => Source.AskAsync(this, ct);
}

/// <summary>Reads the number. Pure; whatever the body is, it becomes a reading, and none of its text is quoted.</summary>
internal static class HttpAnswer
{
    /// <param name="pointer">RFC 6901.</param>
    public static Reading Read(ReadOnlyMemory<byte> body, string pointer)
    {
        if (body.IsEmpty)
            return Reading.NoData("the answer is empty");
        try
        {
            using var document = JsonDocument.Parse(body);
            return JsonPointer.Find(document.RootElement, pointer) is { } found ? Number(found, Where(pointer)) : Reading.NoData($"the answer has nothing at {pointer}");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // The latter of texts that are no UTF-8.
            return Reading.Error("the answer is not JSON, or was cut off");
        }
    }

    private static Reading Number(JsonElement found, string where) => found.ValueKind switch
    {
        JsonValueKind.Number => Finite(found.GetDouble(), where),
        JsonValueKind.String when string.IsNullOrWhiteSpace(found.GetString()) => Reading.NoData($"{where} is empty"),
        JsonValueKind.String => double.TryParse(found.GetString(), NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
            ? Finite(value, where)
            : Reading.Error($"{where} is a text and not a number: point to a number"),
        JsonValueKind.Null => Reading.NoData($"{where} is null"),
        JsonValueKind.Array when found.GetArrayLength() == 0 => Reading.NoData($"{where} is empty"),
        JsonValueKind.Array => Reading.Error($"{where} is an array and not a number: point into it, such as /0"),
        JsonValueKind.Object when !found.EnumerateObject().Any() => Reading.NoData($"{where} is empty"),
        JsonValueKind.Object => Reading.Error($"{where} is an object and not a number: point into it"),
        _ => Reading.Error($"{where} is true or false and not a number: point to a number"),
    };

    private static Reading Finite(double value, string where) => double.IsFinite(value) ? Reading.Of(value) : Reading.NoData($"{where} is not a finite number: there was nothing to divide by");

    private static string Where(string pointer) => pointer.Length == 0 ? "the answer" : $"the value at {pointer}";
}
