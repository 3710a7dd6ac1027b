using LlmOps.EngineEmulator.Behaviour;
using LlmOps.EngineEmulator.Catalog;

namespace LlmOps.EngineEmulator.Tests;

/// <summary>Emulators for tests: no latency unless asked for.</summary>
internal static class Emulators
{
    public static ModelProfile Profile(double ttftMs = 0, double tpotMs = 0) => new()
    {
        Model = "hf://acme/m",
        TtftMs = new LatencyProfile { Median = ttftMs },
        TpotMs = new LatencyProfile { Median = tpotMs },
    };

    public static Task<EmulatorServer> StartAsync(
        ModelProfile? profile = null, EngineKind engine = EngineKind.Vllm, Func<EmulatorOptions, EmulatorOptions>? with = null)
    {
        var options = new EmulatorOptions { Engine = engine, Profile = profile ?? Profile(), ServedNames = ["m", "alias"] };
        return EmulatorServer.StartAsync(with?.Invoke(options) ?? options);
    }

    public static Task<EmulatorServer> FailingAsync(FailureProfile failures, EngineKind engine = EngineKind.Vllm) =>
        StartAsync(Profile() with { Failures = failures }, engine);

    /// <summary>Polls until the condition holds; a deadline of ten seconds.</summary>
    public static async Task EventuallyAsync(Func<bool> condition, string what)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!condition())
        {
            Assert.False(deadline.IsCancellationRequested, $"not within ten seconds: {what}");
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, CancellationToken.None);
        }
    }
}
