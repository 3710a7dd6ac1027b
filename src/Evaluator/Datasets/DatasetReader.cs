using System.Text.Json;
using LlmOps.Api;

namespace LlmOps.Evaluator.Datasets;

/// <summary>Reads JSON lines. All that is wrong with a file is found in one pass and told with line numbers, before a token is spent.</summary>
internal static class DatasetReader
{
    private const int MaxProblems = 10;

    public static async Task<Dataset> ReadAsync(string path, EvalGateSpec gate, CancellationToken ct)
    {
        byte[] bytes;
        try
        {
            bytes = await File.ReadAllBytesAsync(path, ct);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new([], string.Empty, $"the data set cannot be read: {e.Message}");
        }

        var digest = EvaluationContract.DigestOf(bytes);
        return gate.Dataset.Digest is { } expected && expected != digest
            ? new([], digest, $"the data set has digest {digest}, the gate asks for {expected}: correct spec.dataset.digest, or restore the data set")
            : Parse(bytes, digest, gate);
    }

    internal static Dataset Parse(ReadOnlyMemory<byte> bytes, string digest, EvalGateSpec gate)
    {
        var cases = new List<EvalCase>();
        var lineOf = new Dictionary<string, int>(StringComparer.Ordinal);
        var problems = new List<string>();
        var number = 0;
        foreach (var line in Lines(bytes))
        {
            number++;
            if (line.Span.Trim(" \t\r"u8).IsEmpty)
                continue;
            var (found, problem) = CaseReader.Read(line, gate.Dataset);
            problem ??= found is null ? null : ProblemInSet(found, number, lineOf, gate.Scorers);
            if (found is not null && problem is null)
                cases.Add(found);
            else
                problems.Add($"line {number}: {problem}");
        }

        if (problems.Count > 0)
        {
            var more = problems.Count > MaxProblems ? $" (and {problems.Count - MaxProblems} more)" : string.Empty;
            return new([], digest, string.Join("; ", problems.Take(MaxProblems)) + more);
        }

        return cases.Count > 0
            ? new(cases, digest, null)
            : new([], digest, "the data set is empty: put one case a line, such as {\"id\": \"1\", \"vars\": {\"query\": \"…\"}, \"expected\": {\"text\": \"…\"}}");
    }

    private static string? ProblemInSet(EvalCase found, int number, Dictionary<string, int> lineOf, IReadOnlyList<ScorerSpec> scorers)
    {
        if (!lineOf.TryAdd(found.Id, number))
            return $"id \"{found.Id}\" is in line {lineOf[found.Id]} too: ids are unique, they pair the answers";
        return scorers.FirstOrDefault(s => s.Expected is { } path && JsonPath.Find(found.Body, path) is null) is { } blind
            ? $"has nothing at {blind.Expected}, where scorer {blind.Name} looks for the expected value"
            : null;
    }

    private static IEnumerable<ReadOnlyMemory<byte>> Lines(ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var end = bytes.Span.IndexOf((byte)'\n');
            yield return end < 0 ? bytes : bytes[..end];
            bytes = end < 0 ? default : bytes[(end + 1)..];
        }
    }
}
