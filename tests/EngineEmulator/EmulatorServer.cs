using LlmOps.EngineEmulator.Answers;
using LlmOps.EngineEmulator.Behaviour;
using LlmOps.EngineEmulator.Catalog;
using LlmOps.EngineEmulator.Generation;
using LlmOps.EngineEmulator.Http;
using LlmOps.EngineEmulator.Metrics;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace LlmOps.EngineEmulator;

/// <summary>
/// One emulated engine that listens on a loopback address. Guarantees: the port is closed until the load time is over; the
/// same question gets the same answer; after <see cref="StopAsync"/> no request runs and the port is closed.
/// </summary>
public sealed class EmulatorServer : IAsyncDisposable
{
    private readonly EmulatorOptions _options;
    private readonly EngineCore _core;
    private readonly WebApplication _application;
    private readonly ITimer? _lie;
    private bool _stopped;

    private EmulatorServer(EmulatorOptions options, EngineCore core)
    {
        _options = options;
        _core = core;
        _application = EngineApplication.Build(options, core, () => Stats);
        if (options.Profile.Health.LiesAfterSeconds is { } seconds)
        {
            _lie = options.TimeProvider.CreateTimer(
                _ => Behaviour.Update(settings => settings with { HealthLies = true }),
                null, TimeSpan.FromSeconds(seconds), Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>Root URL, with the port that was taken.</summary>
    public Uri Address { get; private set; } = new("http://127.0.0.1:0");

    /// <summary>Faults and latencies; may be changed at any time.</summary>
    public EmulatorBehaviour Behaviour => _core.Behaviour;

    public EmulatorStats Stats => _core.Ledger.Snapshot(
        _options.Profile.Model, _options.Revision ?? _options.Profile.Revision, _core.Slots.Running, _core.Slots.Waiting);

    /// <summary>Loads for <see cref="ModelProfile.LoadSeconds"/>, then listens.</summary>
    /// <exception cref="EmulatorCrashException">The profile says that loading fails.</exception>
    /// <exception cref="IOException">The port is taken.</exception>
    public static async Task<EmulatorServer> StartAsync(EmulatorOptions options, CancellationToken cancellationToken = default)
    {
        var profile = options.Profile;
        var answers = profile.Answers is null ? null : AnswerFile.Load(profile.Answers, profile.ModelId);
        if (profile.LoadSeconds > 0)
            await Task.Delay(TimeSpan.FromSeconds(profile.LoadSeconds), options.TimeProvider, cancellationToken);
        ThrowIfCrashing(profile.Crash);

        var server = new EmulatorServer(options, CoreOf(options, answers));
        try
        {
            await server._application.StartAsync(cancellationToken);
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }

        var addresses = server._application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!;
        server.Address = new Uri(addresses.Addresses.First());
        return server;
    }

    /// <summary>
    /// SIGTERM: takes no further connections, lets running requests go on for <see cref="EmulatorOptions.ShutdownTimeout"/>,
    /// then cuts what is left.
    /// </summary>
    public async Task StopAsync(CancellationToken cancellationToken = default)
    {
        if (_stopped)
            return;
        _stopped = true;
        if (_options.ShutdownTimeout <= TimeSpan.Zero)
            _core.AbortAll();
        await using var deadline = _options.TimeProvider.CreateTimer(
            _ => _core.AbortAll(), null,
            _options.ShutdownTimeout > TimeSpan.Zero ? _options.ShutdownTimeout : Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        await _application.StopAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        _core.AbortAll();
        await StopAsync(CancellationToken.None);
        if (_lie is not null)
            await _lie.DisposeAsync();
        await _application.DisposeAsync();
        _core.Dispose();
    }

    private static EngineCore CoreOf(EmulatorOptions options, IAnswerSource? answers)
    {
        var profile = options.Profile;
        var capacity = Math.Max(1, Math.Min(options.MaxNumSeqs, profile.MaxConcurrent ?? int.MaxValue));
        IEngineMetrics metrics = options.Engine == EngineKind.Tgi
            ? new TgiMetrics(options.MaxModelLen)
            : new VllmMetrics(OpenAiEndpoints.ServedNames(options)[0], options.MaxModelLen, capacity);
        return new EngineCore(
            new GenerationPlanner(profile, answers, options.MaxModelLen, options.Seed),
            new BatchSlots(capacity),
            new EmulatorBehaviour(new BehaviourSettings { Failures = profile.Failures }),
            new RequestLedger(options.TimeProvider),
            metrics,
            options.TimeProvider);
    }

    private static void ThrowIfCrashing(CrashMode crash)
    {
        switch (crash)
        {
            case CrashMode.OnLoad:
                throw new EmulatorCrashException(1,
                    "RuntimeError: Engine core initialization failed. See root cause above.\ntorch.OutOfMemoryError: CUDA out of memory. Tried to allocate 1.96 GiB.");
            case CrashMode.Oom:
                throw new EmulatorCrashException(137, "");
        }
    }
}
