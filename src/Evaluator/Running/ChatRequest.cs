using System.Buffers;
using System.Text.Json;
using LlmOps.Api;
using LlmOps.Evaluator.Datasets;

namespace LlmOps.Evaluator.Running;

/// <summary>Builds the body of a chat completion for one case and one release, as the gateway would send it.</summary>
internal static class ChatRequest
{
    /// <summary>The body; or what of the case does not fit the prompt.</summary>
    public static (ReadOnlyMemory<byte> Body, string? Problem) Build(EvalCase testCase, ReadyTarget target, string inputVariable)
    {
        IReadOnlyList<RenderedMessage> rendered = [];
        if (target.Prompt is { } prompt)
        {
            // A case serves releases whose prompts declare different variables: each gets the ones that it declares.
            var declared = target.Target.Prompt?.Variables;
            var values = testCase.Variables.Where(v => declared?.ContainsKey(v.Key) == true).ToDictionary();
            if (!prompt.TryRender(values, out var messages, out var error))
                return (default, $"case {testCase.Id}: {error.Message}");
            rendered = messages.Messages;
        }
        else if (testCase.Messages.Count == 0)
        {
            if (!testCase.Variables.TryGetValue(inputVariable, out var question))
                return (default, $"case {testCase.Id} has no messages and no variable {inputVariable}, and the release has no prompt");
            rendered = [new("user", question)];
        }

        return (Write(target.Target.ServedName, rendered.Concat(testCase.Messages.Select(m => new RenderedMessage(m.Role, m.Content))), target.Prompt?.Parameters), null);
    }

    /// <summary>The body of a chat completion.</summary>
    public static ReadOnlyMemory<byte> Write(string servedName, IEnumerable<RenderedMessage> messages, SamplingParameters? parameters)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("model"u8, servedName);
            writer.WriteStartArray("messages"u8);
            foreach (var (role, content) in messages)
            {
                writer.WriteStartObject();
                writer.WriteString("role"u8, role);
                writer.WriteString("content"u8, content);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            WriteParameters(writer, parameters);
            writer.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }

    private static void WriteParameters(Utf8JsonWriter writer, SamplingParameters? parameters)
    {
        if (parameters?.Temperature is { } temperature)
            writer.WriteNumber("temperature"u8, temperature);
        if (parameters?.TopP is { } topP)
            writer.WriteNumber("top_p"u8, topP);
        if (parameters?.MaxTokens is { } maxTokens)
            writer.WriteNumber("max_tokens"u8, maxTokens);
        if (parameters?.Seed is { } seed)
            writer.WriteNumber("seed"u8, seed);
        if (parameters?.Stop is { Count: > 0 } stop)
        {
            writer.WriteStartArray("stop"u8);
            foreach (var text in stop)
                writer.WriteStringValue(text);
            writer.WriteEndArray();
        }

        if (parameters?.ResponseFormat is { } format)
        {
            writer.WritePropertyName("response_format"u8);
            format.WriteTo(writer);
        }
    }
}
