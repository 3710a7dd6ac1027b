using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using LlmOps.Api;
using LlmOps.Gateway.Errors;

namespace LlmOps.Gateway.Prompts;

/// <summary>A release's prompt, made ready once: the compiled templates, and its sampling parameters as JSON.</summary>
internal sealed class PromptPlan
{
    private static readonly JsonWriterOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };
    private static readonly Dictionary<string, string> NoValues = [];

    private readonly CompiledPrompt prompt;
    private readonly byte[]? constant;

    public PromptPlan(CompiledPrompt prompt, PromptVersionSpec spec)
    {
        this.prompt = prompt;
        (Overridden, OverridesJson) = Overrides(prompt.Parameters);
        if (spec.Variables is not { Count: > 0 } && prompt.TryRender(NoValues, out var rendered, out _))
            constant = Json(rendered);
    }

    /// <summary>The request's fields that the prompt's parameters replace.</summary>
    public IReadOnlySet<RequestField> Overridden { get; }

    /// <summary>The parameters as members of a JSON object, each with a comma in front.</summary>
    public ReadOnlyMemory<byte> OverridesJson { get; }

    /// <summary>Writes the rendered messages as elements of a JSON array, without the brackets.</summary>
    public OpenAiError? TryWriteMessages(RequestEnvelope envelope, PooledBuffer output)
    {
        if (PromptVariables.TryRead(envelope, out var values) is { } unreadable)
            return unreadable;
        if (constant is not null && values.Count == 0)
        {
            output.Write(constant);
            return null;
        }

        if (!prompt.TryRender(values, out var rendered, out var error))
            return GatewayErrors.BadVariable(error.Variable, error.Message, Code(error.Kind));
        output.Write(Json(rendered));
        return null;
    }

    private static byte[] Json(RenderedPrompt rendered)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using var json = new Utf8JsonWriter(buffer, Relaxed);
        json.WriteStartArray();
        foreach (var message in rendered.Messages)
        {
            json.WriteStartObject();
            json.WriteString("role"u8, message.Role);
            json.WriteString("content"u8, message.Content);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.Flush();
        return buffer.WrittenSpan[1..^1].ToArray();
    }

    private static (IReadOnlySet<RequestField> Fields, byte[] Json) Overrides(SamplingParameters? parameters)
    {
        var fields = new HashSet<RequestField>();
        if (parameters is null)
            return (fields, []);
        var buffer = new ArrayBufferWriter<byte>(256);
        using var json = new Utf8JsonWriter(buffer, Relaxed);
        json.WriteStartObject();
        if (parameters.Temperature is { } temperature && fields.Add(RequestField.Temperature))
            json.WriteNumber("temperature"u8, temperature);
        if (parameters.TopP is { } topP && fields.Add(RequestField.TopP))
            json.WriteNumber("top_p"u8, topP);
        if (parameters.MaxTokens is { } maxTokens && fields.Add(RequestField.MaxTokens))
        {
            // OpenAI's newer name of the same thing: an engine that knows both would take the client's.
            fields.Add(RequestField.MaxCompletionTokens);
            json.WriteNumber("max_tokens"u8, maxTokens);
        }

        if (parameters.Seed is { } seed && fields.Add(RequestField.Seed))
            json.WriteNumber("seed"u8, seed);
        if (parameters.Stop is { Count: > 0 } stop && fields.Add(RequestField.Stop))
        {
            json.WriteStartArray("stop"u8);
            foreach (var text in stop)
                json.WriteStringValue(text);
            json.WriteEndArray();
        }

        if (parameters.ResponseFormat is { ValueKind: not (JsonValueKind.Undefined or JsonValueKind.Null) } format && fields.Add(RequestField.ResponseFormat))
        {
            json.WritePropertyName("response_format"u8);
            format.WriteTo(json);
        }

        json.WriteEndObject();
        json.Flush();
        var inner = buffer.WrittenSpan[1..^1];
        return (fields, inner.Length == 0 ? [] : [(byte)',', .. inner]);
    }

    private static string Code(PromptRenderErrorKind kind) => kind switch
    {
        PromptRenderErrorKind.Missing => "missing_variable",
        PromptRenderErrorKind.TooLong => "variable_too_long",
        PromptRenderErrorKind.Undeclared => "unknown_variable",
        _ => "invalid_variable",
    };
}
