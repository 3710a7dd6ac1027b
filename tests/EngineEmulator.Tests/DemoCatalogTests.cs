using System.Text.Json.Nodes;
using LlmOps.EngineEmulator.Catalog;

namespace LlmOps.EngineEmulator.Tests;

/// <summary>The demo's data set and models: what its gates will measure is known beforehand.</summary>
public sealed class DemoCatalogTests
{
    private const string BriefPrompt = "You are the support of ACME. Answer in one short sentence.";

    private static readonly List<JsonNode> Cases =
        [.. File.ReadLines(Repository.Path("config/samples/data/support-cases.jsonl")).Select(line => JsonNode.Parse(line)!)];

    [Fact]
    public void Support_cases_are_many_unique_and_complete()
    {
        Assert.True(Cases.Count >= 150, $"{Cases.Count} cases");
        Assert.Equal(Cases.Count, Cases.Select(item => (string)item["id"]!).Distinct().Count());
        Assert.Equal(Cases.Count, Cases.Select(item => (string)item["vars"]!["query"]!).Distinct().Count());
        Assert.All(Cases, item => Assert.Contains((string)item["expected"]!["text"]!, (string)item["vars"]!["context"]!, StringComparison.OrdinalIgnoreCase));
        Assert.All(Cases, item => Assert.DoesNotContain((string)item["expected"]!["text"]!, (string)item["vars"]!["query"]!, StringComparison.OrdinalIgnoreCase));
    }

    [Theory]
    [InlineData("v1", null, 0.86)]
    [InlineData("v2", null, 0.96)]
    [InlineData("v2", BriefPrompt, 0.98)]
    [InlineData("v3-worse", null, 0.60)]
    [InlineData("v4-unstable", null, 0.96)]
    [InlineData("v5-padded", "You are a support assistant for ACME.", 0.96)]
    public async Task Each_revision_is_right_exactly_as_often_as_the_catalogue_says(string revision, string? system, double accuracy)
    {
        await using var server = await StartAsync(revision);
        var right = await RightAsync(server, system);
        Assert.Equal((int)Math.Round(accuracy * Cases.Count, MidpointRounding.AwayFromZero), right.Count);
    }

    [Fact]
    public async Task The_same_question_gets_the_same_answer_from_another_process_and_in_another_order()
    {
        await using var first = await StartAsync("v1");
        await using var second = await StartAsync("v1");
        using var one = new EngineClient(first.Address);
        using var two = new EngineClient(second.Address);
        var questions = Cases.Take(30).Select(item => (string)item["vars"]!["query"]!).ToList();
        var forward = new List<string>();
        var backward = new List<string>();
        foreach (var question in questions)
            forward.Add(await one.AskAsync(question));
        foreach (var question in questions.AsEnumerable().Reverse())
            backward.Insert(0, await two.AskAsync($"Context: something else.\nQuestion: {question}"));
        Assert.Equal(forward, backward);
    }

    [Fact]
    public async Task A_better_revision_is_right_wherever_a_worse_one_is()
    {
        await using var v1 = await StartAsync("v1");
        await using var v2 = await StartAsync("v2");
        Assert.Subset(await RightAsync(v2, null), await RightAsync(v1, null));
    }

    [Fact]
    public async Task The_prompt_for_short_answers_makes_them_short()
    {
        await using var server = await StartAsync("v2");
        using var client = new EngineClient(server.Address);
        double verbose = 0, brief = 0;
        foreach (var question in Cases.Select(item => (string)item["vars"]!["query"]!))
        {
            verbose += (await client.AskAsync(question)).Split(' ').Length;
            brief += (await client.AskAsync(question, BriefPrompt)).Split(' ').Length;
        }

        Assert.InRange(verbose / Cases.Count, 15, 27);
        Assert.InRange(brief / Cases.Count, 3, 9);
    }

    private static Task<EmulatorServer> StartAsync(string revision)
    {
        var catalog = ModelCatalog.Load(Repository.Path("tests/EngineEmulator/catalog/demo.json"));
        var profile = catalog.Find("hf://acme/support-7b", revision, EngineKind.Vllm)!;
        return Emulators.StartAsync(profile with { LoadSeconds = 0, TtftMs = new LatencyProfile(), TpotMs = new LatencyProfile() });
    }

    private static async Task<HashSet<string>> RightAsync(EmulatorServer server, string? system)
    {
        using var client = new EngineClient(server.Address);
        var right = new HashSet<string>();
        foreach (var item in Cases)
        {
            if ((await client.AskAsync((string)item["vars"]!["query"]!, system)).Contains((string)item["expected"]!["text"]!, StringComparison.OrdinalIgnoreCase))
                right.Add((string)item["id"]!);
        }

        return right;
    }
}
