using System.Text;
using System.Text.Json;
using LlmOps.Gateway.Errors;

namespace LlmOps.Gateway.Prompts;

/// <summary>What the gateway must know of a completion request, read in one pass without a document tree.</summary>
internal sealed class RequestEnvelope
{
    private readonly List<RequestMember> members = new(12);
    private RequestMember? user;
    private bool userIsEscaped;

    private RequestEnvelope(ReadOnlyMemory<byte> body) => Body = body;

    public ReadOnlyMemory<byte> Body { get; }

    public IReadOnlyList<RequestMember> Members => members;

    /// <summary>The LlmDeployment that is asked for; null where none is named.</summary>
    public string? Model { get; private set; }

    public bool Stream { get; private set; }

    /// <summary>Whether the client asked for the usage chunk at the end of the stream.</summary>
    public bool WantsUsage { get; private set; }

    /// <summary>The client's <c>messages</c>, where it is an array.</summary>
    public RequestMember? Messages { get; private set; }

    /// <summary>The client's <c>stream_options</c>, where it is an object.</summary>
    public RequestMember? StreamOptions { get; private set; }

    /// <summary>The client's <c>prompt</c>, where it is an object: that of a chat completion.</summary>
    public RequestMember? PromptObject { get; private set; }

    public ReadOnlySpan<byte> Slice(RequestMember member) => Body.Span[member.ValueStart..member.End];

    /// <summary>Text of <c>user</c> in UTF-8; empty where there is none.</summary>
    public ReadOnlySpan<byte> User()
    {
        if (user is not { } member)
            return default;
        if (!userIsEscaped)
            return Body.Span[(member.ValueStart + 1)..(member.End - 1)];
        var reader = new Utf8JsonReader(Slice(member));
        reader.Read();
        return Encoding.UTF8.GetBytes(reader.GetString()!);
    }

    /// <summary>Reads a body; gives the error to answer with where it cannot be used.</summary>
    public static OpenAiError? TryRead(ReadOnlyMemory<byte> body, out RequestEnvelope envelope)
    {
        envelope = new RequestEnvelope(body);
        try
        {
            return envelope.Read();
        }
        catch (JsonException e)
        {
            return GatewayErrors.BrokenJson($"line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}");
        }
        catch (InvalidOperationException)
        {
            // Utf8JsonReader's answer to text that is not UTF-8 or half a surrogate pair.
            return GatewayErrors.BrokenJson("it has text that is not Unicode");
        }
    }

    private OpenAiError? Read()
    {
        var reader = new Utf8JsonReader(Body.Span);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            return GatewayErrors.BrokenJson("it does not begin with {");
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var start = (int)reader.TokenStartIndex;
            var field = RequestFields.Of(ref reader);
            reader.Read();
            var valueStart = (int)reader.TokenStartIndex;
            var error = Note(ref reader, field);
            if (error is not null)
                return error;
            var (type, escaped) = (reader.TokenType, reader.TokenType == JsonTokenType.String && reader.ValueIsEscaped);
            reader.Skip();
            Keep(new RequestMember(field, start, valueStart, (int)reader.BytesConsumed), type, escaped);
        }

        // A second value after the object is an error, which this read throws.
        reader.Read();
        if (StreamOptions is { } options)
            WantsUsage = ReadsTrue(Slice(options), "include_usage"u8);
        return Model is null ? GatewayErrors.MissingModel() : null;
    }

    private OpenAiError? Note(ref Utf8JsonReader reader, RequestField field)
    {
        switch (field)
        {
            case RequestField.Model when reader.TokenType == JsonTokenType.String:
                Model = reader.GetString();
                return null;
            case RequestField.Model:
                return GatewayErrors.WrongField("model", "must be a string");
            case RequestField.Stream when reader.TokenType is JsonTokenType.True or JsonTokenType.False or JsonTokenType.Null:
                Stream = reader.TokenType == JsonTokenType.True;
                return null;
            case RequestField.Stream:
                return GatewayErrors.WrongField("stream", "must be true or false");
            case RequestField.Messages when reader.TokenType is not (JsonTokenType.StartArray or JsonTokenType.Null):
                return GatewayErrors.WrongField("messages", "must be an array");
            case RequestField.StreamOptions when reader.TokenType is not (JsonTokenType.StartObject or JsonTokenType.Null):
                return GatewayErrors.WrongField("stream_options", "must be an object");
            default:
                return null;
        }
    }

    // The last of several members with one name counts, as in most JSON readers; the others are not sent on.
    private void Keep(RequestMember member, JsonTokenType type, bool escaped)
    {
        members.Add(member);
        switch (member.Field)
        {
            case RequestField.Messages:
                Messages = type == JsonTokenType.StartArray ? member : null;
                break;
            case RequestField.StreamOptions:
                StreamOptions = type == JsonTokenType.StartObject ? member : null;
                break;
            case RequestField.Prompt:
                PromptObject = type == JsonTokenType.StartObject ? member : null;
                break;
            case RequestField.User:
                (user, userIsEscaped) = (type == JsonTokenType.String ? member : null, escaped);
                break;
        }
    }

    private static bool ReadsTrue(ReadOnlySpan<byte> json, ReadOnlySpan<byte> name)
    {
        var result = false;
        var reader = new Utf8JsonReader(json);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var match = reader.ValueTextEquals(name);
            reader.Read();
            if (match)
                result = reader.TokenType == JsonTokenType.True;
            reader.Skip();
        }

        return result;
    }
}
