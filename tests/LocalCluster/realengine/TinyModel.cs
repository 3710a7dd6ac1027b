using System.Text;

namespace LlmOps.LocalCluster;

/// <summary>
/// Writes a llama-architecture model with random weights (0.5 MB, byte-level vocabulary) in GGUF version 3. A real
/// llama.cpp server loads it in well under a second and answers with noise: enough for a real engine's start, health,
/// streaming, usage, metrics and shutdown. Format: ggml's docs/gguf.md.
/// </summary>
public static class TinyModel
{
    private const int Embedding = 64;
    private const int Heads = 4;
    private const int Layers = 2;
    private const int FeedForward = 128;
    private const int ContextLength = 4096;
    private const int Alignment = 32;
    private const double WeightDeviation = 0.08;

    // Value types of GGUF metadata.
    private const uint TypeUInt32 = 4;
    private const uint TypeInt32 = 5;
    private const uint TypeFloat32 = 6;
    private const uint TypeString = 8;
    private const uint TypeArray = 9;
    private const uint TensorFloat32 = 0;

    // Token types of llama.cpp.
    private const int TokenNormal = 1;
    private const int TokenUnknown = 2;
    private const int TokenControl = 3;

    /// <summary>Writes the model; the same seed gives the same file.</summary>
    public static void Write(string path, int seed = 7)
    {
        using var file = File.Create(path);
        using var writer = new BinaryWriter(file, Encoding.UTF8);
        var tokens = Vocabulary();
        var metadata = Metadata(tokens);
        var tensors = Tensors(tokens.Length);

        writer.Write("GGUF"u8);
        writer.Write(3u);
        writer.Write((ulong)tensors.Count);
        writer.Write((ulong)metadata.Count);
        foreach (var (key, value) in metadata)
            WriteEntry(writer, key, value);

        ulong offset = 0;
        foreach (var (name, shape) in tensors)
        {
            WriteText(writer, name);
            writer.Write((uint)shape.Length);
            foreach (var size in shape)
                writer.Write((ulong)size);
            writer.Write(TensorFloat32);
            writer.Write(offset);
            offset += (ulong)Aligned(Count(shape) * sizeof(float));
        }

        Pad(writer);
        var random = new Random(seed);
        foreach (var (_, shape) in tensors)
        {
            for (var i = 0; i < Count(shape); i++)
                writer.Write(shape.Length == 1 ? 1f : (float)(WeightDeviation * Gaussian(random)));
            Pad(writer);
        }
    }

    /// <summary>GPT-2's printable stand-ins for the 256 bytes, and three special tokens.</summary>
    private static string[] Vocabulary()
    {
        var next = 256;
        var bytes = Enumerable.Range(0, 256)
            .Select(b => b is >= 33 and <= 126 or >= 161 and <= 172 or >= 174 ? b : next++)
            .Select(code => char.ConvertFromUtf32(code));
        return [.. bytes, "<s>", "</s>", "<unk>"];
    }

    private static List<(string Key, object Value)> Metadata(string[] tokens) =>
    [
        ("general.architecture", "llama"),
        ("general.name", "tiny-random"),
        ("general.file_type", 0u),
        ("llama.context_length", (uint)ContextLength),
        ("llama.embedding_length", (uint)Embedding),
        ("llama.block_count", (uint)Layers),
        ("llama.feed_forward_length", (uint)FeedForward),
        ("llama.attention.head_count", (uint)Heads),
        ("llama.attention.head_count_kv", (uint)Heads),
        ("llama.attention.layer_norm_rms_epsilon", 1e-5f),
        ("llama.rope.dimension_count", (uint)(Embedding / Heads)),
        ("llama.vocab_size", (uint)tokens.Length),
        ("tokenizer.ggml.model", "gpt2"),
        ("tokenizer.ggml.pre", "gpt-2"),
        ("tokenizer.ggml.tokens", tokens),
        ("tokenizer.ggml.token_type", Enumerable.Repeat(TokenNormal, 256).Concat([TokenControl, TokenControl, TokenUnknown]).ToArray()),
        ("tokenizer.ggml.merges", new[] { "a b" }),
        ("tokenizer.ggml.bos_token_id", 256u),
        ("tokenizer.ggml.eos_token_id", 257u),
        ("tokenizer.ggml.unknown_token_id", 258u),
    ];

    private static List<(string Name, int[] Shape)> Tensors(int vocabulary)
    {
        List<(string, int[])> tensors =
        [
            ("token_embd.weight", [Embedding, vocabulary]),
            ("output_norm.weight", [Embedding]),
            ("output.weight", [Embedding, vocabulary]),
        ];
        for (var layer = 0; layer < Layers; layer++)
        {
            var prefix = $"blk.{layer}.";
            tensors.AddRange(
            [
                (prefix + "attn_norm.weight", [Embedding]),
                (prefix + "attn_q.weight", [Embedding, Embedding]),
                (prefix + "attn_k.weight", [Embedding, Embedding]),
                (prefix + "attn_v.weight", [Embedding, Embedding]),
                (prefix + "attn_output.weight", [Embedding, Embedding]),
                (prefix + "ffn_norm.weight", [Embedding]),
                (prefix + "ffn_gate.weight", [Embedding, FeedForward]),
                (prefix + "ffn_up.weight", [Embedding, FeedForward]),
                (prefix + "ffn_down.weight", [FeedForward, Embedding]),
            ]);
        }

        return tensors;
    }

    private static void WriteEntry(BinaryWriter writer, string key, object value)
    {
        WriteText(writer, key);
        switch (value)
        {
            case string text:
                writer.Write(TypeString);
                WriteText(writer, text);
                break;
            case uint number:
                writer.Write(TypeUInt32);
                writer.Write(number);
                break;
            case float number:
                writer.Write(TypeFloat32);
                writer.Write(number);
                break;
            case string[] texts:
                WriteArrayHeader(writer, TypeString, texts.Length);
                foreach (var text in texts)
                    WriteText(writer, text);
                break;
            case int[] numbers:
                WriteArrayHeader(writer, TypeInt32, numbers.Length);
                foreach (var number in numbers)
                    writer.Write(number);
                break;
            default:
                throw new ArgumentException($"{key}: no GGUF type for {value.GetType().Name}", nameof(value));
        }
    }

    private static void WriteArrayHeader(BinaryWriter writer, uint elementType, int length)
    {
        writer.Write(TypeArray);
        writer.Write(elementType);
        writer.Write((ulong)length);
    }

    private static void WriteText(BinaryWriter writer, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        writer.Write((ulong)bytes.Length);
        writer.Write(bytes);
    }

    private static void Pad(BinaryWriter writer)
    {
        var missing = (int)(Aligned(writer.BaseStream.Position) - writer.BaseStream.Position);
        writer.Write(new byte[missing]);
    }

    private static long Aligned(long size) => (size + Alignment - 1) / Alignment * Alignment;

    private static long Count(int[] shape) => shape.Aggregate(1L, (product, size) => product * size);

    /// <summary>Box and Muller's transform.</summary>
    private static double Gaussian(Random random) =>
        Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
