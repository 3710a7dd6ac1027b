using LlmOps.EngineEmulator.Behaviour;

namespace LlmOps.EngineEmulator.Catalog;

/// <summary>
/// How one model revision behaves: one entry of the catalogue. Members with a default have a setter: source-generated JSON
/// gives init-only members that are absent from the text their type's default instead of their initializer's value.
/// </summary>
public sealed record ModelProfile
{
    /// <summary>Model id; <c>hf://org/name</c> and <c>org/name</c> are the same.</summary>
    public required string Model { get; init; }

    /// <summary>Null: any revision.</summary>
    public string? Revision { get; init; }

    /// <summary>Only for this engine; null: any.</summary>
    public EngineKind? Engine { get; init; }

    /// <summary>Seconds from start until the port opens; while loading, connections are refused.</summary>
    public double LoadSeconds { get; init; }

    /// <summary>How the load ends.</summary>
    public CrashMode Crash { get; init; }

    /// <summary>Time to first token, milliseconds.</summary>
    public LatencyProfile TtftMs { get; set; } = new() { Median = 2, Sigma = 0 };

    /// <summary>Time per output token after the first, milliseconds.</summary>
    public LatencyProfile TpotMs { get; set; } = new() { Median = 0, Sigma = 0 };

    /// <summary>Where answers come from; null: a neutral sentence that quotes the question.</summary>
    public AnswerProfile? Answers { get; init; }

    /// <summary>Fixed answers, so that a model can play a judge; the first rule that matches holds, before <see cref="Answers"/>.</summary>
    public IReadOnlyList<AnswerRule> AnswerRules { get; set; } = [];

    /// <summary>What a system prompt changes; the first rule that matches holds.</summary>
    public IReadOnlyList<PromptRule> PromptRules { get; set; } = [];

    public FailureProfile Failures { get; set; } = new();

    public HealthProfile Health { get; set; } = new();

    /// <summary>Requests that generate at the same time, however large <c>--max-num-seqs</c> is; null: as the command line says.</summary>
    public int? MaxConcurrent { get; init; }

    /// <summary>The id without a scheme, as an engine's command line names it.</summary>
    public string ModelId => StripScheme(Model);

    /// <summary><c>hf://org/name</c> → <c>org/name</c>; other names stay.</summary>
    public static string StripScheme(string model) =>
        model.StartsWith("hf://", StringComparison.OrdinalIgnoreCase) ? model[5..] : model;
}

/// <summary>How loading a model ends.</summary>
public enum CrashMode
{
    /// <summary>The server starts.</summary>
    None,

    /// <summary>Exit code 1 after <see cref="ModelProfile.LoadSeconds"/>, with the trace of a GPU that is too small.</summary>
    OnLoad,

    /// <summary>Exit code 137 after <see cref="ModelProfile.LoadSeconds"/>, silently, as the kernel's OOM killer leaves it.</summary>
    Oom,
}

/// <summary>A log-normal latency.</summary>
public sealed record LatencyProfile
{
    /// <summary>Milliseconds; half of the samples are below.</summary>
    public double Median { get; init; }

    /// <summary>Standard deviation of the logarithm; 0: constant. 0.3 puts p95 at 1.64 × the median.</summary>
    public double Sigma { get; init; }

    /// <summary>Milliseconds added for each prompt token (prefill); used for TTFT only.</summary>
    public double PerPromptToken { get; init; }
}

/// <summary>
/// A JSONL file of answers. With <see cref="By"/>: lines <c>{"question","answers":{name: text}}</c>, replayed as recorded.
/// Without: lines <c>{"id","vars":{"query"},"expected":{"text"}}</c>, from which answers of a given accuracy are made.
/// </summary>
public sealed record AnswerProfile
{
    /// <summary>Path; <c>${NAME}</c> and <c>${NAME:-default}</c> are expanded; relative to the catalogue.</summary>
    public required string File { get; init; }

    /// <summary>Whose recorded answers to replay.</summary>
    public string? By { get; init; }

    /// <summary>Share of the file's questions that get a right answer, 0–1; exact over the whole file.</summary>
    public double Accuracy { get; set; } = 1;

    public AnswerStyle Style { get; init; } = AnswerStyle.Verbose;

    /// <summary>
    /// Decides which questions are hard. Default: a hash of the model id, so that revisions of one model fail on nested
    /// sets of questions, as fine-tunes of one base do.
    /// </summary>
    public ulong? Seed { get; init; }
}

/// <summary>Length of made answers.</summary>
public enum AnswerStyle
{
    /// <summary>About 15 to 25 tokens.</summary>
    Verbose,

    /// <summary>About 3 to 10 tokens.</summary>
    Brief,
}

/// <summary>What changes when the system prompt contains a text: prompts must be able to make a model better or worse.</summary>
public sealed record PromptRule
{
    /// <summary>Matched ordinally, ignoring case, anywhere in the system messages.</summary>
    public required string SystemContains { get; init; }

    public double? Accuracy { get; init; }

    public AnswerStyle? Style { get; init; }

    /// <summary>Answer every question with a refusal.</summary>
    public bool Refuse { get; init; }

    /// <summary>Answers become about this many times as long; at least 1.</summary>
    public double LengthFactor { get; set; } = 1;
}

/// <summary>What is answered when the last user message contains a text.</summary>
public sealed record AnswerRule
{
    /// <summary>Matched ordinally, ignoring case, anywhere in the last user message; empty: every message.</summary>
    public string UserContains { get; set; } = "";

    /// <summary>The whole answer.</summary>
    public required string Answer { get; init; }
}

/// <summary>When health stops telling the truth (vllm-project/vllm#36960).</summary>
public sealed record HealthProfile
{
    /// <summary>Seconds after the port opened; from then on <c>/health</c> says 200 and every generation is a 500. Null: never.</summary>
    public double? LiesAfterSeconds { get; init; }
}
