using LlmOps.EngineEmulator.Answers;
using LlmOps.EngineEmulator.Behaviour;
using LlmOps.EngineEmulator.Catalog;
using LlmOps.EngineEmulator.Generation;

namespace LlmOps.EngineEmulator.Tests;

public sealed class AnswerTests
{
    private static readonly QuestionIndex Index = new(["What is 2", "What is 25", "Who are you?", "And who are you? Tell me."]);

    [Theory]
    [InlineData("What is 2", 0)]
    [InlineData("  What is 25\n", 1)]
    [InlineData("Q: What is 25?", 1)]
    [InlineData("Q: What is 2?", 0)]
    [InlineData("What is 250", -1)]
    [InlineData("Example: Who are you? Now: What is 2", 0)]
    [InlineData("He said: And who are you? Tell me.", 3)]
    [InlineData("Somewhat is 2", -1)]
    [InlineData("", -1)]
    public void A_question_is_found_as_a_whole_or_inside_the_message(string message, int expected) => Assert.Equal(expected, Index.Find(message));

    [Theory]
    [InlineData("", new int[0])]
    [InlineData("  ", new int[0])]
    [InlineData("a", new[] { 1 })]
    [InlineData("one two\nthree. ", new[] { 3, 7, 15 })]
    public void Pieces_are_words_with_the_blanks_before_them(string text, int[] ends)
    {
        Assert.Equal(ends, WordPieces.Ends(text));
        Assert.Equal(ends.Length, WordPieces.Count(text));
    }

    [Theory]
    [InlineData("no refunds", "I'm sorry")]
    [InlineData("NO REFUNDS, says the boss", "I'm sorry")]
    [InlineData("something else", "You asked")]
    public void A_system_prompt_can_make_every_answer_a_refusal(string system, string start)
    {
        var planner = Planner(new PromptRule { SystemContains = "no refunds", Refuse = true });
        Assert.StartsWith(start, Plan(planner, 1, system).Text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_system_prompt_can_make_answers_longer()
    {
        var usual = Plan(Planner(), 1, "be thorough").Ends.Length;
        var longer = Plan(Planner(new PromptRule { SystemContains = "thorough", LengthFactor = 4 }), 1, "be thorough").Ends.Length;
        Assert.InRange(longer, 4 * usual, (4 * usual) + 20);
    }

    [Fact]
    public void Latency_is_log_normal_and_depends_on_seed_and_request_number_only()
    {
        var times = Enumerable.Range(1, 2000).Select(n => Plan(Planner(), n, "").PrefillTime.TotalMilliseconds).ToList();
        Assert.Equal(times, Enumerable.Range(1, 2000).Select(n => Plan(Planner(), n, "").PrefillTime.TotalMilliseconds));
        times.Sort();
        Assert.InRange(times[1000], 95, 105);
        Assert.InRange(times[1900], 155, 175); // median × e^(0.3 × 1.645) = 163.8
    }

    private static GenerationPlanner Planner(params PromptRule[] rules) => new(
        new ModelProfile { Model = "m", TtftMs = new LatencyProfile { Median = 100, Sigma = 0.3 }, PromptRules = rules }, null, 4096, seed: 7);

    private static GenerationPlan Plan(GenerationPlanner planner, long number, string system) =>
        planner.Plan(new GenerationRequest { SystemText = system, UserText = "hello", PromptTokens = 1 }, number, new BehaviourSettings());
}
