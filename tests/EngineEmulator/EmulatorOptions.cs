using LlmOps.EngineEmulator.Catalog;

namespace LlmOps.EngineEmulator;

/// <summary>All that one emulated engine needs; the command line and the catalogue are turned into this.</summary>
public sealed record EmulatorOptions
{
    public EngineKind Engine { get; init; } = EngineKind.Vllm;

    /// <summary>The model to play: latency, answers and faults.</summary>
    public required ModelProfile Profile { get; init; }

    /// <summary>The revision that was asked for; null: the profile's.</summary>
    public string? Revision { get; init; }

    /// <summary>Names that requests may use as <c>model</c>; empty: the model's own id. The first one labels metrics.</summary>
    public IReadOnlyList<string> ServedNames { get; init; } = [];

    /// <summary>Loopback address to listen on.</summary>
    public string Host { get; init; } = "127.0.0.1";

    /// <summary>TCP port; 0 takes a free one.</summary>
    public int Port { get; init; }

    /// <summary>Requests that generate at the same time; further ones wait. vLLM's default is 256.</summary>
    public int MaxNumSeqs { get; init; } = 256;

    /// <summary>Prompt plus completion, in tokens. Beyond it a request is a 400.</summary>
    public int MaxModelLen { get; init; } = 16384;

    /// <summary>TGI only: requests in the house, running or waiting, before 429.</summary>
    public int MaxConcurrentRequests { get; init; } = 128;

    /// <summary>How long running requests may go on after SIGTERM. vLLM's default, zero, aborts them at once.</summary>
    public TimeSpan ShutdownTimeout { get; init; }

    /// <summary>Bearer token asked for on <c>/v1</c> paths; null: none.</summary>
    public string? ApiKey { get; init; }

    /// <summary>Added to every random decision; the same seed and request order give the same faults and latencies.</summary>
    public ulong Seed { get; init; } = 1;

    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;
}
