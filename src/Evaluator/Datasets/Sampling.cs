using LlmOps.Api;

namespace LlmOps.Evaluator.Datasets;

/// <summary>Chooses the cases of a run. The same seed and data set give the same cases on every machine.</summary>
internal static class Sampling
{
    private const long DefaultSeed = 17;

    public static IReadOnlyList<EvalCase> Choose(IReadOnlyList<EvalCase> cases, SampleSpec? sample)
    {
        if (sample is null || sample.Size >= cases.Count)
            return cases;

        // By hash of seed and id, not by Random: its sequence may differ between .NET versions.
        var seed = BitConverter.GetBytes(sample.Seed ?? DefaultSeed);
        return
        [
            .. cases
                .Select((c, index) => (Case: c, Index: index, Order: Order(seed, c.Id)))
                .OrderBy(c => c.Order).ThenBy(c => c.Index)
                .Take(sample.Size)
                .OrderBy(c => c.Index)
                .Select(c => c.Case),
        ];
    }

    private static ulong Order(byte[] seed, string id) =>
        BitConverter.ToUInt64(System.Security.Cryptography.SHA256.HashData([.. seed, .. System.Text.Encoding.UTF8.GetBytes(id)]));
}
