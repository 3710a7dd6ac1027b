namespace LlmOps.EngineEmulator.Generation;

/// <summary>A hash that is the same in every process (<see cref="string.GetHashCode()"/> is not): FNV-1a over UTF-16, then mixed.</summary>
internal static class StableHash
{
    public static ulong Of(ReadOnlySpan<char> text, ulong seed = 0)
    {
        var hash = 0xCBF29CE484222325 ^ seed;
        foreach (var character in text)
            hash = (hash ^ character) * 0x100000001B3;
        return Mix(hash);
    }

    /// <summary>The finalizer of SplitMix64.</summary>
    public static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
