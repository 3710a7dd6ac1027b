using System.Text.Json;

namespace LlmOps.Gateway.Metering;

/// <summary>What one answer, or one chunk of a streamed one, says.</summary>
internal struct CompletionFacts
{
    /// <summary>Text, a tool call, reasoning or a refusal: something that a user waits for.</summary>
    public bool HasContent;

    /// <summary>A choice has a finish_reason.</summary>
    public bool IsFinished;

    /// <summary>An <c>error</c> object, or a finish_reason that means one (vLLM: <c>error</c>, <c>abort</c>).</summary>
    public bool IsError;

    /// <summary>A choice was ended by a guardrail: finish_reason <c>content_filter</c>.</summary>
    public bool IsBlocked;

    /// <summary>There is at least one choice.</summary>
    public bool HasChoices;

    /// <summary>A <c>usage</c> object is there.</summary>
    public bool HasUsage;

    public long PromptTokens;

    public long CompletionTokens;

    /// <summary>Reads chat completions and completions, whole and chunked. What is not JSON has no facts.</summary>
    public static CompletionFacts Read(ReadOnlySpan<byte> json)
    {
        var facts = default(CompletionFacts);
        try
        {
            var reader = new Utf8JsonReader(json);
            if (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
                facts.ReadTop(ref reader);
        }
        catch (JsonException)
        {
            // Passed on as it is: the gateway is no judge of an engine's extensions.
        }

        return facts;
    }

    private void ReadTop(ref Utf8JsonReader reader)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("choices"u8))
            {
                reader.Read();
                ReadChoices(ref reader);
            }
            else if (reader.ValueTextEquals("usage"u8))
            {
                reader.Read();
                ReadUsage(ref reader);
            }
            else if (reader.ValueTextEquals("error"u8))
            {
                reader.Read();
                IsError |= reader.TokenType != JsonTokenType.Null;
                reader.Skip();
            }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }
    }

    private void ReadChoices(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            return;
        }

        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            HasChoices = true;
            if (reader.TokenType == JsonTokenType.StartObject)
                ReadChoice(ref reader);
            else
                reader.Skip();
        }
    }

    private void ReadChoice(ref Utf8JsonReader reader)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("delta"u8) || reader.ValueTextEquals("message"u8))
            {
                reader.Read();
                ReadMessage(ref reader);
            }
            else if (reader.ValueTextEquals("text"u8))
            {
                reader.Read();
                HasContent |= IsText(ref reader);
                reader.Skip();
            }
            else if (reader.ValueTextEquals("finish_reason"u8))
            {
                reader.Read();
                if (reader.TokenType == JsonTokenType.String)
                {
                    IsFinished = true;
                    IsError |= reader.ValueTextEquals("error"u8) || reader.ValueTextEquals("abort"u8);
                    IsBlocked |= reader.ValueTextEquals("content_filter"u8);
                }

                reader.Skip();
            }
            else
            {
                reader.Read();
                reader.Skip();
            }
        }
    }

    private void ReadMessage(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isContent = reader.ValueTextEquals("content"u8) || reader.ValueTextEquals("reasoning_content"u8) || reader.ValueTextEquals("reasoning"u8)
                || reader.ValueTextEquals("refusal"u8) || reader.ValueTextEquals("tool_calls"u8) || reader.ValueTextEquals("function_call"u8);
            reader.Read();
            if (isContent)
                HasContent |= IsText(ref reader) || IsFilled(ref reader);
            reader.Skip();
        }
    }

    private void ReadUsage(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }

        HasUsage = true;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isPrompt = reader.ValueTextEquals("prompt_tokens"u8);
            var isCompletion = reader.ValueTextEquals("completion_tokens"u8);
            reader.Read();
            if ((isPrompt || isCompletion) && reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var tokens))
            {
                if (isPrompt)
                    PromptTokens = tokens;
                else
                    CompletionTokens = tokens;
            }

            reader.Skip();
        }
    }

    private static bool IsText(ref Utf8JsonReader reader) => reader.TokenType == JsonTokenType.String && reader.ValueSpan.Length > 0;

    /// <summary>An object, or an array that is not empty; a copy of the reader looks ahead.</summary>
    private static bool IsFilled(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.StartObject)
            return true;
        if (reader.TokenType != JsonTokenType.StartArray)
            return false;
        var ahead = reader;
        return ahead.Read() && ahead.TokenType != JsonTokenType.EndArray;
    }
}
