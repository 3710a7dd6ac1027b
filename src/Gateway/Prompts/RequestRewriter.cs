using LlmOps.Gateway.Errors;

namespace LlmOps.Gateway.Prompts;

/// <summary>
/// Makes the engine's request of the client's: the engine's model name, the release's rendered messages in front of the
/// client's, its sampling parameters in place of the client's, and usage asked for. Everything else is copied byte by byte.
/// </summary>
internal static class RequestRewriter
{
    /// <summary>Writes the body for one release; gives the error to answer with where it cannot be made.</summary>
    /// <param name="envelope">The client's request.</param>
    /// <param name="servedNameJson">The engine's name of the model as a JSON string, with quotes.</param>
    /// <param name="prompt">The release's prompt. Its messages go into chat completions, its parameters into both kinds.</param>
    /// <param name="isChat">Chat completion, or plain completion.</param>
    /// <param name="output">Cleared first.</param>
    public static OpenAiError? TryWrite(RequestEnvelope envelope, ReadOnlyMemory<byte> servedNameJson, PromptPlan? prompt, bool isChat, PooledBuffer output)
    {
        output.Clear();
        output.Write("{\"model\":"u8);
        output.Write(servedNameJson.Span);
        var renders = isChat && prompt is not null;
        var body = envelope.Body.Span;
        foreach (var member in envelope.Members)
        {
            if (IsReplaced(member, envelope, prompt, isChat))
                continue;
            output.Write(","u8);
            output.Write(body[member.Start..member.End]);
        }

        if (renders)
        {
            if (TryWriteMessages(envelope, prompt!, output) is { } error)
                return error;
        }
        else if (isChat && envelope.Messages is null)
        {
            return GatewayErrors.MissingMessages();
        }

        if (prompt is not null)
            output.Write(prompt.OverridesJson.Span);
        if (envelope.Stream)
            WriteStreamOptions(envelope, output);
        output.Write("}"u8);
        return null;
    }

    private static bool IsReplaced(RequestMember member, RequestEnvelope envelope, PromptPlan? prompt, bool isChat) => member.Field switch
    {
        RequestField.Other => false,
        RequestField.Model => true,
        RequestField.Messages => isChat && (prompt is not null || member != envelope.Messages),
        // Of a chat completion it holds variables, which no engine knows; of a completion it is the text.
        RequestField.Prompt => isChat,
        RequestField.StreamOptions => envelope.Stream,
        _ => prompt?.Overridden.Contains(member.Field) == true,
    };

    private static OpenAiError? TryWriteMessages(RequestEnvelope envelope, PromptPlan prompt, PooledBuffer output)
    {
        output.Write(",\"messages\":["u8);
        if (prompt.TryWriteMessages(envelope, output) is { } error)
            return error;
        if (envelope.Messages is { } messages && envelope.Slice(messages)[1..^1].Trim(" \t\r\n"u8) is { Length: > 0 } clients)
        {
            output.Write(","u8);
            output.Write(clients);
        }

        output.Write("]"u8);
        return null;
    }

    private static void WriteStreamOptions(RequestEnvelope envelope, PooledBuffer output)
    {
        output.Write(",\"stream_options\":"u8);
        if (envelope.StreamOptions is { } options)
        {
            var clients = envelope.Slice(options);
            if (envelope.WantsUsage)
            {
                output.Write(clients);
                return;
            }

            // A later member wins: the client's own include_usage, if any, is false.
            output.Write(clients[..^1].TrimEnd(" \t\r\n"u8));
            if (clients[1..^1].Trim(" \t\r\n"u8).Length > 0)
                output.Write(","u8);
            output.Write("\"include_usage\":true}"u8);
            return;
        }

        output.Write("{\"include_usage\":true}"u8);
    }
}
