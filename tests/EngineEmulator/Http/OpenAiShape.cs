using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using LlmOps.EngineEmulator.Generation;

namespace LlmOps.EngineEmulator.Http;

/// <summary>
/// OpenAI's chat completions and plain completions in vLLM's dialect, and chat completions in TGI's: vLLM's first chunk
/// carries the role only, every chunk of TGI carries it. The usage chunk has empty <c>choices</c>.
/// </summary>
internal sealed class OpenAiShape : IResponseShape
{
    private readonly EngineKind _engine;
    private readonly bool _chat;
    private readonly bool _includeUsage;
    private readonly string _head;
    private readonly string _objectName;
    private readonly byte[] _chunkHead;
    private readonly byte[] _tokenHead;
    private readonly Utf8JsonWriter _writer = new(Stream.Null, JsonText.Options);

    /// <param name="engine">Whose dialect.</param>
    /// <param name="chat">Chat, or plain completion.</param>
    /// <param name="id">The request's id without prefix.</param>
    /// <param name="model">Echoed as <c>model</c>.</param>
    /// <param name="created">Unix seconds.</param>
    /// <param name="includeUsage">Send a usage chunk at the end of a stream.</param>
    public OpenAiShape(EngineKind engine, bool chat, string id, string model, long created, bool includeUsage)
    {
        _engine = engine;
        _chat = chat;
        _includeUsage = includeUsage;
        _objectName = chat ? "chat.completion" : "text_completion";
        var fullId = engine == EngineKind.Tgi ? "" : (chat ? "chatcmpl-" : "cmpl-") + id;
        var fingerprint = engine == EngineKind.Tgi ? ",\"system_fingerprint\":\"3.3.6-native\"" : "";
        _head = string.Create(CultureInfo.InvariantCulture,
            $"{{\"id\":\"{fullId}\",\"object\":\"{{0}}\",\"created\":{created},\"model\":{JsonText.Quoted(model)}{fingerprint},");
        _chunkHead = Encoding.UTF8.GetBytes("data: " + Head(chat ? "chat.completion.chunk" : _objectName));
        var delta = (chat, engine) switch
        {
            (false, _) => "\"text\":",
            (true, EngineKind.Tgi) => "\"delta\":{\"role\":\"assistant\",\"content\":",
            _ => "\"delta\":{\"content\":",
        };
        _tokenHead = [.. _chunkHead, .. Encoding.UTF8.GetBytes("\"choices\":[{\"index\":0," + delta)];
    }

    public void Begin(IBufferWriter<byte> output)
    {
        if (!_chat || _engine == EngineKind.Tgi)
            return;
        output.Write(_chunkHead);
        output.Write("\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"},\"logprobs\":null,\"finish_reason\":null}]}\n\n"u8);
    }

    public void Token(IBufferWriter<byte> output, RunningRequest running)
    {
        output.Write(_tokenHead);
        JsonText.String(_writer, output, running.Piece.Span);
        output.Write(_chat
            ? "},\"logprobs\":null,\"finish_reason\":null}]}\n\n"u8
            : ",\"logprobs\":null,\"finish_reason\":null,\"stop_reason\":null}]}\n\n"u8);
    }

    public void End(IBufferWriter<byte> output, RunningRequest running, FinishReason finish)
    {
        output.Write(_tokenHead);
        Text(output, $"\"\"{(_chat ? "}" : "")},\"logprobs\":null,\"finish_reason\":\"{Name(finish)}\",\"stop_reason\":null}}]}}\n\n");
        if (_includeUsage)
        {
            output.Write(_chunkHead);
            Text(output, $"\"choices\":[],\"usage\":{Usage(running)}}}\n\n");
        }

        output.Write("data: [DONE]\n\n"u8);
    }

    public void Error(IBufferWriter<byte> output)
    {
        output.Write(_engine == EngineKind.Tgi
            ? "data: {\"error\":\"Request failed during generation: Server error: unexpected\",\"error_type\":\"generation\"}\n\n"u8
            : "data: {\"error\":{\"message\":\"Internal server error\",\"type\":\"InternalServerError\",\"param\":null,\"code\":500}}\n\n"u8);
        output.Write("data: [DONE]\n\n"u8);
    }

    public void Whole(IBufferWriter<byte> output, RunningRequest running, FinishReason finish)
    {
        Text(output, Head(_objectName) + "\"choices\":[{\"index\":0," + (_chat ? "\"message\":{\"role\":\"assistant\",\"content\":" : "\"text\":"));
        JsonText.String(_writer, output, running.Text.Span);
        Text(output, $"{(_chat ? "}" : "")},\"logprobs\":null,\"finish_reason\":\"{Name(finish)}\",\"stop_reason\":null}}],\"usage\":{Usage(running)}}}");
    }

    private string Head(string objectName) => _head.Replace("{0}", objectName, StringComparison.Ordinal);

    private static string Usage(RunningRequest running) => string.Create(CultureInfo.InvariantCulture,
        $"{{\"prompt_tokens\":{running.PromptTokens},\"total_tokens\":{running.PromptTokens + running.CompletionTokens},\"completion_tokens\":{running.CompletionTokens}}}");

    private static string Name(FinishReason finish) => finish switch
    {
        FinishReason.Length => "length",
        FinishReason.Error => "error",
        FinishReason.Abort => "abort",
        _ => "stop",
    };

    private static void Text(IBufferWriter<byte> output, string text) => Encoding.UTF8.GetBytes(text, output);
}
