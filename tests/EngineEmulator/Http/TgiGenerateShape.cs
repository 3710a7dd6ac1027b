using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using LlmOps.EngineEmulator.Generation;

namespace LlmOps.EngineEmulator.Http;

/// <summary>TGI's own <c>/generate</c> and <c>/generate_stream</c>: the last token's event carries the whole text; there is no end mark.</summary>
internal sealed class TgiGenerateShape(bool details) : IResponseShape
{
    private readonly Utf8JsonWriter _writer = new(Stream.Null, JsonText.Options);

    public void Begin(IBufferWriter<byte> output)
    {
    }

    public void Token(IBufferWriter<byte> output, RunningRequest running)
    {
        TokenHead(output, running, running.Piece.Span, special: false);
        Text(output, "\"generated_text\":null,\"details\":null}\n\n");
    }

    public void End(IBufferWriter<byte> output, RunningRequest running, FinishReason finish)
    {
        TokenHead(output, running, "</s>", special: true);
        Text(output, "\"generated_text\":");
        JsonText.String(_writer, output, running.Text.Span);
        Text(output, $",\"details\":{Details(running, finish)}}}\n\n");
    }

    public void Error(IBufferWriter<byte> output) =>
        Text(output, "data:{\"error\":\"Request failed during generation: Server error: unexpected\",\"error_type\":\"generation\"}\n\n");

    public void Whole(IBufferWriter<byte> output, RunningRequest running, FinishReason finish)
    {
        Text(output, "{\"generated_text\":");
        JsonText.String(_writer, output, running.Text.Span);
        Text(output, details ? $",\"details\":{Details(running, finish)}}}" : "}");
    }

    private void TokenHead(IBufferWriter<byte> output, RunningRequest running, ReadOnlySpan<char> piece, bool special)
    {
        var index = running.CompletionTokens + (special ? 1 : 0);
        var id = special ? 2 : StableHash.Of(piece) % 32000;
        Text(output, string.Create(CultureInfo.InvariantCulture, $"data:{{\"index\":{index},\"token\":{{\"id\":{id},\"text\":"));
        JsonText.String(_writer, output, piece);
        Text(output, $",\"logprob\":-0.1,\"special\":{(special ? "true" : "false")}}},");
    }

    private static string Details(RunningRequest running, FinishReason finish) => string.Create(CultureInfo.InvariantCulture,
        $"{{\"finish_reason\":\"{(finish == FinishReason.Length ? "length" : "eos_token")}\",\"generated_tokens\":{running.CompletionTokens},\"seed\":null,\"prefill\":[],\"tokens\":[]}}");

    private static void Text(IBufferWriter<byte> output, string text) => Encoding.UTF8.GetBytes(text, output);
}
