namespace LlmOps.EngineEmulator.Generation;

/// <summary>
/// A small seeded generator (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014), one per request:
/// what happens to a request depends on its number and the seed, never on what ran beside it.
/// </summary>
internal struct SplitMix64(ulong seed)
{
    private ulong _state = seed;

    public ulong Next() => StableHash.Mix(_state += 0x9E3779B97F4A7C15);

    /// <summary>Uniform in [0, 1).</summary>
    public double NextUniform() => (Next() >> 11) * (1.0 / (1UL << 53));

    /// <summary>Standard normal (Box–Muller).</summary>
    public double NextNormal() =>
        Math.Sqrt(-2 * Math.Log(1 - NextUniform())) * Math.Cos(2 * Math.PI * NextUniform());

    /// <summary>Log-normal with the given median and standard deviation of the logarithm.</summary>
    public double NextLogNormal(double median, double sigma) =>
        sigma == 0 ? median : median * Math.Exp(sigma * NextNormal());
}
