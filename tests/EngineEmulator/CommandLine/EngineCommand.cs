using System.Globalization;

namespace LlmOps.EngineEmulator.CommandLine;

/// <summary>What the emulator takes from a real engine's command line.</summary>
internal sealed record EngineCommand
{
    /// <summary>vLLM drains for nothing by default; TGI's launcher gives its web server 90 s.</summary>
    private static readonly TimeSpan TgiDrain = TimeSpan.FromSeconds(90);

    public required EngineKind Engine { get; init; }

    public required string Model { get; init; }

    public string? Revision { get; init; }

    public IReadOnlyList<string> ServedNames { get; init; } = [];

    public string Host { get; init; } = "0.0.0.0";

    public int Port { get; init; }

    public int MaxNumSeqs { get; init; } = 256;

    public int MaxModelLen { get; init; } = 16384;

    public int MaxConcurrentRequests { get; init; } = 128;

    public TimeSpan ShutdownTimeout { get; init; }

    public string? ApiKey { get; init; }

    /// <summary>Reads <c>vllm [serve] …</c> or <c>tgi …</c>; environment variables stand in where the engines read them.</summary>
    /// <exception cref="CommandLineException">The real engine would refuse it too.</exception>
    public static EngineCommand Parse(string[] arguments, Func<string, string?> environment) => arguments switch
    {
        ["vllm", "serve", .. var rest] => Vllm(rest, environment),
        ["vllm", .. var rest] => Vllm(rest, environment),
        ["tgi", .. var rest] => Tgi(rest, environment),
        _ => throw new CommandLineException("expected `vllm <arguments of vllm serve>` or `tgi <arguments of text-generation-launcher>`"),
    };

    private static EngineCommand Vllm(string[] arguments, Func<string, string?> environment)
    {
        var (positional, flags) = FlagReader.Read(arguments, EngineFlags.Vllm);
        if (positional.Count > 1)
            throw new CommandLineException($"unrecognized arguments: {string.Join(' ', positional.Skip(1))}");
        var adapters = flags.GetValueOrDefault("--lora-modules") ?? [];
        var served = flags.GetValueOrDefault("--served-model-name") ?? [];
        var model = positional is [var named] ? named : One(flags, "--model") ?? "Qwen/Qwen3-0.6B";
        return new EngineCommand
        {
            Engine = EngineKind.Vllm,
            Model = model,
            Revision = One(flags, "--revision"),
            ServedNames = [.. served.Count > 0 ? served : [model], .. adapters.Select(adapter => adapter.Split('=')[0])],
            Host = One(flags, "--host") ?? "0.0.0.0",
            Port = Int(flags, "--port", 8000),
            MaxNumSeqs = Int(flags, "--max-num-seqs", 256),
            MaxModelLen = Length(One(flags, "--max-model-len")) ?? 16384,
            ShutdownTimeout = TimeSpan.FromSeconds(Int(flags, "--shutdown-timeout", 0)),
            ApiKey = One(flags, "--api-key") ?? environment("VLLM_API_KEY"),
        };
    }

    private static EngineCommand Tgi(string[] arguments, Func<string, string?> environment)
    {
        var (positional, flags) = FlagReader.Read(arguments, EngineFlags.Tgi);
        if (positional.Count > 0)
            throw new CommandLineException($"unexpected argument '{positional[0]}' found");
        return new EngineCommand
        {
            Engine = EngineKind.Tgi,
            Model = One(flags, "--model-id") ?? environment("MODEL_ID") ?? "bigscience/bloom-560m",
            Revision = One(flags, "--revision") ?? environment("REVISION"),
            Host = One(flags, "--hostname") ?? "0.0.0.0",
            Port = Int(flags, flags.ContainsKey("-p") ? "-p" : "--port", Number("PORT", environment("PORT")) ?? 3000),
            MaxNumSeqs = Int(flags, "--max-batch-size", 256),
            MaxModelLen = Int(flags, "--max-total-tokens", 4096),
            MaxConcurrentRequests = Int(flags, "--max-concurrent-requests", 128),
            ShutdownTimeout = TgiDrain,
            ApiKey = One(flags, "--api-key") ?? environment("API_KEY"),
        };
    }

    private static string? One(IReadOnlyDictionary<string, IReadOnlyList<string>> flags, string name) =>
        flags.GetValueOrDefault(name) is [var value, ..] ? value : null;

    private static int Int(IReadOnlyDictionary<string, IReadOnlyList<string>> flags, string name, int otherwise) =>
        Number(name, One(flags, name)) ?? otherwise;

    private static int? Number(string name, string? value)
    {
        if (value is null)
            return null;
        return int.TryParse(value, NumberStyles.Integer, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new CommandLineException($"argument {name}: invalid int value: '{value}'");
    }

    /// <summary>vLLM takes 16384, 16k (1000s), 16K (1024s) and -1 or auto (as long as fits).</summary>
    private static int? Length(string? value) => value switch
    {
        null or "-1" or "auto" => null,
        [.. var digits, 'k'] => Number("--max-model-len", digits) * 1000,
        [.. var digits, 'K'] => Number("--max-model-len", digits) * 1024,
        _ => Number("--max-model-len", value),
    };
}
