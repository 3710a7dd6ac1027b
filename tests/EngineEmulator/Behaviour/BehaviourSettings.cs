namespace LlmOps.EngineEmulator.Behaviour;

/// <summary>What may change while the emulator runs. One immutable value, replaced as a whole.</summary>
public sealed record BehaviourSettings
{
    public FailureProfile Failures { get; init; } = new();

    /// <summary>Times to first token are multiplied by this; default 1.</summary>
    public double TtftMultiplier { get; init; } = 1;

    /// <summary>Times per output token are multiplied by this; default 1.</summary>
    public double TpotMultiplier { get; init; } = 1;

    /// <summary>Overrides the accuracy of made answers, 0–1; null: as catalogue and prompt say.</summary>
    public double? Accuracy { get; init; }

    /// <summary><c>/health</c> says 200 and every generation is a 500.</summary>
    public bool HealthLies { get; init; }

    /// <summary><c>/health</c> and every generation say 503 or 500: the engine process is dead behind a living server.</summary>
    public bool EngineDead { get; init; }

    /// <summary>Bearer token asked for on <c>/v1</c> paths from now on; null: as the command line says.</summary>
    public string? ApiKey { get; init; }
}

/// <summary>A change of some settings: body of <c>POST /admin/behaviour</c>. What is absent stays.</summary>
public sealed record BehaviourPatch
{
    public FailurePatch? Failures { get; init; }

    public double? TtftMultiplier { get; init; }

    public double? TpotMultiplier { get; init; }

    public double? Accuracy { get; init; }

    public bool? HealthLies { get; init; }

    public bool? EngineDead { get; init; }

    public string? ApiKey { get; init; }

    /// <summary>What is wrong with it, in a sentence; null: nothing.</summary>
    internal string? Problem =>
        Accuracy is < 0 or > 1 ? "accuracy must be between 0 and 1"
        : TtftMultiplier < 0 || TpotMultiplier < 0 ? "multipliers must not be negative"
        : Failures?.Shares.Any(share => share is < 0 or > 1) == true ? "shares of failures must be between 0 and 1"
        : Failures?.StallSeconds < 0 ? "stallSeconds must not be negative"
        : null;

    internal BehaviourSettings ApplyTo(BehaviourSettings settings) => settings with
    {
        Failures = Failures?.ApplyTo(settings.Failures) ?? settings.Failures,
        TtftMultiplier = TtftMultiplier ?? settings.TtftMultiplier,
        TpotMultiplier = TpotMultiplier ?? settings.TpotMultiplier,
        Accuracy = Accuracy ?? settings.Accuracy,
        HealthLies = HealthLies ?? settings.HealthLies,
        EngineDead = EngineDead ?? settings.EngineDead,
        ApiKey = ApiKey ?? settings.ApiKey,
    };
}

/// <summary>A change of some failure shares; fields as in <see cref="FailureProfile"/>.</summary>
public sealed record FailurePatch
{
    public double? Rate5xx { get; init; }

    public double? RefuseRate { get; init; }

    public double? StallRate { get; init; }

    public double? StallSeconds { get; init; }

    public double? BrokenStreamRate { get; init; }

    public double? ErrorFinishRate { get; init; }

    public double? ErrorEventRate { get; init; }

    public double? EmptyRate { get; init; }

    public long? StartAfterRequests { get; init; }

    internal IEnumerable<double?> Shares => [Rate5xx, RefuseRate, StallRate, BrokenStreamRate, ErrorFinishRate, ErrorEventRate, EmptyRate];

    internal FailureProfile ApplyTo(FailureProfile failures) => failures with
    {
        Rate5xx = Rate5xx ?? failures.Rate5xx,
        RefuseRate = RefuseRate ?? failures.RefuseRate,
        StallRate = StallRate ?? failures.StallRate,
        StallSeconds = StallSeconds ?? failures.StallSeconds,
        BrokenStreamRate = BrokenStreamRate ?? failures.BrokenStreamRate,
        ErrorFinishRate = ErrorFinishRate ?? failures.ErrorFinishRate,
        ErrorEventRate = ErrorEventRate ?? failures.ErrorEventRate,
        EmptyRate = EmptyRate ?? failures.EmptyRate,
        StartAfterRequests = StartAfterRequests ?? failures.StartAfterRequests,
    };
}
