namespace LlmOps.EngineEmulator.Metrics;

/// <summary>
/// Upper bounds of histograms, as vLLM V1 (vllm/v1/metrics/loggers.py), its FastAPI instrumentator and TGI (router/src/server.rs) have them.
/// </summary>
internal static class Buckets
{
    public static readonly double[] Ttft =
        [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80, 160, 640, 2560];

    public static readonly double[] Token =
        [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20, 40, 80];

    public static readonly double[] Request =
        [0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680];

    public static readonly double[] Iteration = [1, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384];

    public static readonly double[] N = [1, 2, 5, 10, 20];

    public static readonly double[] HttpHighResolution =
        [0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5, 7.5, 10, 30, 60];

    public static readonly double[] HttpByHandler = [0.1, 0.5, 1];

    /// <summary>TGI's durations: 0.0001 × 1.5ⁿ for n from 1 to 35.</summary>
    public static readonly double[] TgiDuration = [.. Enumerable.Range(1, 35).Select(n => 0.0001 * Math.Pow(1.5, n))];

    /// <summary>TGI's batch sizes: powers of two up to 1024.</summary>
    public static readonly double[] TgiBatch = [.. Enumerable.Range(0, 11).Select(n => Math.Pow(2, n))];

    /// <summary>1, 2, 5, 10, 20, 50 … up to the model's context length.</summary>
    public static double[] Tokens(int maxModelLen)
    {
        var bounds = new List<double>();
        for (var power = 1L; ; power *= 10)
        {
            foreach (var mantissa in (ReadOnlySpan<int>)[1, 2, 5])
            {
                if (mantissa * power > maxModelLen)
                    return [.. bounds];
                bounds.Add(mantissa * power);
            }
        }
    }

    /// <summary>TGI's token counts: a hundred linear steps up to the limit.</summary>
    public static double[] TgiTokens(int limit) =>
        [.. Enumerable.Range(1, 100).Select(n => Math.Max(1, Math.Round(limit / 100.0 * n))).Distinct()];
}
