using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace LlmOps.EngineEmulator.Http;

/// <summary>Writes JSON by hand where one object a token would be too dear. Non-ASCII text stays as it is, as Python's servers send it.</summary>
internal static class JsonText
{
    public static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes a quoted, escaped JSON string.</summary>
    public static void String(Utf8JsonWriter writer, IBufferWriter<byte> output, ReadOnlySpan<char> text)
    {
        writer.Reset(output);
        writer.WriteStringValue(text);
        writer.Flush();
    }

    /// <summary>The same as a string, for parts that are built once a request.</summary>
    public static string Quoted(string text) => $"\"{JsonEncodedText.Encode(text, Options.Encoder)}\"";
}
