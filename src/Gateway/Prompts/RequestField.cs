using System.Text.Json;

namespace LlmOps.Gateway.Prompts;

/// <summary>Top-level fields of a completion request that the gateway reads or replaces.</summary>
internal enum RequestField
{
    Other,
    Model,
    Messages,
    Prompt,
    Stream,
    StreamOptions,
    User,
    Temperature,
    TopP,
    MaxTokens,
    MaxCompletionTokens,
    Stop,
    Seed,
    ResponseFormat,
}

/// <summary>One top-level member of the body, as offsets: what is not replaced is copied as it came.</summary>
internal readonly record struct RequestMember(RequestField Field, int Start, int ValueStart, int End);

internal static class RequestFields
{
    private static readonly (string Name, RequestField Field)[] All =
    [
        ("model", RequestField.Model), ("messages", RequestField.Messages), ("prompt", RequestField.Prompt),
        ("stream", RequestField.Stream), ("stream_options", RequestField.StreamOptions), ("user", RequestField.User),
        ("temperature", RequestField.Temperature), ("top_p", RequestField.TopP), ("max_tokens", RequestField.MaxTokens),
        ("max_completion_tokens", RequestField.MaxCompletionTokens), ("stop", RequestField.Stop), ("seed", RequestField.Seed),
        ("response_format", RequestField.ResponseFormat),
    ];

    private static readonly byte[][] Names = [.. All.Select(f => System.Text.Encoding.UTF8.GetBytes(f.Name))];

    /// <summary>The field whose name the reader stands on. An escaped name is the same name.</summary>
    public static RequestField Of(ref Utf8JsonReader reader)
    {
        for (var i = 0; i < Names.Length; i++)
        {
            if (reader.ValueIsEscaped ? reader.ValueTextEquals(Names[i]) : reader.ValueSpan.SequenceEqual(Names[i]))
                return All[i].Field;
        }

        return RequestField.Other;
    }
}
