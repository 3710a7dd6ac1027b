using System.Globalization;
using System.Text.Json;
using LlmOps.Kubernetes;

namespace LlmOps.Operator.Gathering.Checks;

/// <summary>Reads the answer of <c>/api/v1/query</c> (https://prometheus.io/docs/prometheus/latest/querying/api/). Pure; whatever the body is, it becomes a reading.</summary>
internal static class PrometheusAnswer
{
    private const int LongestError = 200;

    /// <param name="now">By this process's clock.</param>
    /// <param name="maxAge">An older sample says nothing, nor does one as far in the future: then the clocks differ.</param>
    public static Reading Read(ReadOnlyMemory<byte> body, DateTimeOffset now, TimeSpan maxAge)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            return Read(document.RootElement, now, maxAge);
        }
        catch (JsonException)
        {
            return Reading.Error("the answer is not JSON, or was cut off");
        }
        catch (Exception e) when (e is InvalidOperationException or KeyNotFoundException or FormatException)
        {
            return Reading.Error("the answer is not that of Prometheus' query API");
        }
    }

    /// <summary>What Prometheus says about a query that it refuses; null where the body says nothing.</summary>
    public static string? ErrorOf(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            return document.RootElement is { ValueKind: JsonValueKind.Object } root && root.TryGetProperty("error", out var error) && error.GetString() is { Length: > 0 } text
                ? Excerpt.Of(text, LongestError)
                : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private static Reading Read(JsonElement root, DateTimeOffset now, TimeSpan maxAge)
    {
        if (root.GetProperty("status").GetString() != "success")
            return Reading.Error($"Prometheus says: {Excerpt.Of(root.GetProperty("error").GetString() ?? "nothing", LongestError)}");
        var data = root.GetProperty("data");
        var result = data.GetProperty("result");
        switch (data.GetProperty("resultType").GetString())
        {
            case "scalar":
                return Sample(result, now, maxAge);
            case "vector" when result.GetArrayLength() == 0:
                return Reading.NoData("no series matches the query");
            case "vector" when result.GetArrayLength() > 1:
                return Reading.NoData($"the query gives {result.GetArrayLength()} series and not one: aggregate them, with sum or avg for example");
            case "vector":
                return result[0].TryGetProperty("value", out var sample) ? Sample(sample, now, maxAge) : Reading.Error("the query gives a histogram and not a number: use histogram_quantile");
            case var other:
                return Reading.Error($"the query gives a {other} and not one number now: leave out the range, or aggregate over it");
        }
    }

    private static Reading Sample(JsonElement sample, DateTimeOffset now, TimeSpan maxAge)
    {
        var seconds = sample[0].GetDouble();
        var value = sample[1].GetString() switch
        {
            "+Inf" or "Inf" => double.PositiveInfinity,
            "-Inf" => double.NegativeInfinity,
            "NaN" => double.NaN,
            var text => double.Parse(text ?? string.Empty, NumberStyles.Float, CultureInfo.InvariantCulture),
        };
        var age = now - DateTimeOffset.UnixEpoch - TimeSpan.FromSeconds(Math.Clamp(seconds, -1e11, 1e11));
        if (age.Duration() > maxAge)
            return Reading.NoData($"the sample is {Math.Abs(age.TotalSeconds).ToString("0", CultureInfo.InvariantCulture)} s {(age < TimeSpan.Zero ? "ahead of this clock" : "old")}, more than {maxAge.TotalSeconds.ToString("0", CultureInfo.InvariantCulture)} s");
        return double.IsFinite(value) ? Reading.Of(value) : Reading.NoData($"the value is {sample[1].GetString()}: there was nothing to divide by or no quantile to take");
    }
}
