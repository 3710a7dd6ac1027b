namespace LlmOps.Rollouts.Tests.Properties;

/// <summary>Chance that one number decides: the same number throws the same dice.</summary>
internal sealed class Dice(int seed)
{
    private ulong state = (ulong)(uint)seed;

    /// <summary>0 to <paramref name="sides"/> - 1, each as likely.</summary>
    public int Roll(int sides) => (int)(Next() % (ulong)sides);

    public bool OneIn(int sides) => Roll(sides) == 0;

    public T Pick<T>(IReadOnlyList<T> items) => items[Roll(items.Count)];

    /// <summary>SplitMix64, <see href="https://prng.di.unimi.it/splitmix64.c"/>.</summary>
    private ulong Next()
    {
        state += 0x9e3779b97f4a7c15;
        var mixed = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
        return mixed ^ (mixed >> 31);
    }
}
