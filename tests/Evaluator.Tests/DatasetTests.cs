using System.Text;
using LlmOps.Api;
using LlmOps.Evaluator.Datasets;
using Xunit;

namespace LlmOps.Evaluator.Tests;

public sealed class DatasetTests
{
    private static readonly EvalGateSpec Gate = Gates.Contains();

    [Fact]
    public void A_good_file_gives_its_cases_in_order_and_its_digest()
    {
        var set = Parse("""
            {"id": "a", "vars": {"query": "one"}, "expected": {"text": "1"}}

            {"id": 2, "vars": {"query": "two", "n": 3}, "expected": {"text": "2"}}
            """);
        Assert.Null(set.Problem);
        Assert.Equal(["a", "2"], set.Cases.Select(c => c.Id));
        Assert.Equal("3", set.Cases[1].Variables["n"]);
    }

    [Theory]
    [InlineData("", "the data set is empty")]
    [InlineData("\n \n", "the data set is empty")]
    [InlineData("{\"id\": \"a\", \"vars\": {}\n", "line 1: not JSON")]
    [InlineData("[1]", "line 1: not a JSON object")]
    [InlineData("{\"vars\": {\"query\": \"x\"}}", "line 1: has no id")]
    [InlineData("{\"id\": \"a\"}", "line 1: has neither vars nor messages")]
    [InlineData("{\"id\": \"a\", \"vars\": {\"query\": \"x\"}}", "line 1: has nothing at expected.text, where scorer correct looks")]
    [InlineData("{\"id\": \"a\", \"messages\": [{\"role\": \"user\"}]}", "line 1: a message lacks role or content")]
    public void A_broken_file_is_refused_with_the_line(string text, string expected) =>
        Assert.Contains(expected, Parse(text).Problem, StringComparison.Ordinal);

    [Fact]
    public void All_that_is_wrong_is_told_at_once()
    {
        var set = Parse("""
            {"id": "a", "vars": {"query": "x"}, "expected": {"text": "1"}}
            nonsense
            {"id": "a", "vars": {"query": "y"}, "expected": {"text": "2"}}
            """);
        Assert.Contains("line 2: not JSON", set.Problem, StringComparison.Ordinal);
        Assert.Contains("line 3: id \"a\" is in line 1 too", set.Problem, StringComparison.Ordinal);
        Assert.Empty(set.Cases);
    }

    [Fact]
    public async Task Another_content_than_the_digest_asks_for_is_refused()
    {
        var path = Path.GetTempFileName();
        await File.WriteAllTextAsync(path, """{"id": "a", "vars": {"query": "x"}, "expected": {"text": "1"}}""");
        var set = await DatasetReader.ReadAsync(path, Gate with { Dataset = Gate.Dataset with { Digest = $"sha256:{new string('0', 64)}" } }, CancellationToken.None);
        Assert.Contains("correct spec.dataset.digest", set.Problem, StringComparison.Ordinal);
        File.Delete(path);
    }

    [Fact]
    public void A_sample_is_the_same_for_the_same_seed_and_another_for_another()
    {
        var cases = Parse(string.Join('\n', Enumerable.Range(0, 200).Select(i => $$$"""{"id": "{{{i}}}", "vars": {"query": "x"}, "expected": {"text": "1"}}"""))).Cases;
        string[] Ids(long seed) => [.. Sampling.Choose(cases, new SampleSpec { Size = 20, Seed = seed }).Select(c => c.Id)];
        Assert.Equal(20, Ids(1).Distinct().Count());
        Assert.Equal(Ids(1), Ids(1));
        Assert.NotEqual(Ids(1), Ids(2));
    }

    [Fact]
    public void The_input_path_becomes_the_input_variable()
    {
        var gate = Gate with { Dataset = Gate.Dataset with { Input = "question" } };
        var set = DatasetReader.Parse(Encoding.UTF8.GetBytes("""{"id": "a", "question": "why?", "expected": {"text": "1"}}"""), "d", gate);
        Assert.Equal("why?", Assert.Single(set.Cases).Variables["query"]);
    }

    private static Dataset Parse(string text) => DatasetReader.Parse(Encoding.UTF8.GetBytes(text), "digest", Gate);
}
