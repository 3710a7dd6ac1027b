using System.Globalization;
using System.Text.Json.Nodes;
using LlmOps.EngineEmulator.Catalog;
using LlmOps.Testing.Recorded;

namespace LlmOps.EngineEmulator.Tests;

/// <summary>Recorded answers of two real models: their accuracies are known from the data set's labels.</summary>
public sealed class ReplayTests
{
    [RecordedAnswersTheory]
    [InlineData("finetuning", 286)]
    [InlineData("verification", 515)]
    public async Task Replay_of_gsm8k_finds_the_known_number_of_right_answers(string revision, int labelled)
    {
        var catalog = ModelCatalog.Load(Repository.Path("tests/EngineEmulator/catalog/gsm8k.json"));
        var profile = catalog.Find("openai/gsm8k-6b", revision, EngineKind.Vllm)!;
        await using var server = await Emulators.StartAsync(profile with { TtftMs = new LatencyProfile() });
        using var client = new EngineClient(server.Address);
        var right = 0;
        var total = 0;
        await Parallel.ForEachAsync(File.ReadLines(profile.Answers!.File), new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (line, _) =>
        {
            var item = JsonNode.Parse(line)!;
            var answer = await client.AskAsync($"Question: {(string)item["question"]!}\nA:");
            Interlocked.Increment(ref total);
            if (FinalAnswer(answer) == decimal.Parse((string)item["answer"]!, NumberStyles.Number, CultureInfo.InvariantCulture))
                Interlocked.Increment(ref right);
        });
        Assert.Equal(1319, total);
        Assert.InRange(right, labelled - 2, labelled + 2);
    }

    private static decimal? FinalAnswer(string text)
    {
        var at = text.LastIndexOf("A:", StringComparison.Ordinal);
        return at >= 0 && decimal.TryParse(text[(at + 2)..].Trim(), NumberStyles.Number, CultureInfo.InvariantCulture, out var number) ? number : null;
    }
}
