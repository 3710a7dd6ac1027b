using LlmOps.EngineEmulator.Answers;
using LlmOps.EngineEmulator.Behaviour;
using LlmOps.EngineEmulator.Catalog;

namespace LlmOps.EngineEmulator.Generation;

/// <summary>
/// Turns a request into a plan. Pure: the text depends on the question, the system prompt and the settings; faults and
/// latencies on the seed and the request's number.
/// </summary>
internal sealed class GenerationPlanner(ModelProfile profile, IAnswerSource? answers, int maxModelLen, ulong seed)
{
    private const string Refusal = "I'm sorry, but I can't help with that request.";
    private const string Filler = " To be thorough, please note that every account is different and that further details may apply in your case.";

    public GenerationPlan Plan(GenerationRequest request, long number, BehaviourSettings settings)
    {
        var random = new SplitMix64(StableHash.Mix(seed ^ ((ulong)number * 0xD1B54A32D192ED03)));
        var failure = settings.HealthLies || settings.EngineDead
            ? FailureKind.LyingHealth
            : settings.Failures.Pick(random.NextUniform(), number);
        var text = failure == FailureKind.Empty ? "" : CutAtStop(Text(request, settings), request.Stop);
        var ends = WordPieces.Ends(text);
        var room = Math.Max(0, maxModelLen - request.PromptTokens);
        var limit = Math.Min(request.MaxTokens ?? room, room);
        var cut = ends.Length > limit;
        var ttft = random.NextLogNormal(profile.TtftMs.Median, profile.TtftMs.Sigma)
            + (profile.TtftMs.PerPromptToken * request.PromptTokens);
        return new GenerationPlan
        {
            Number = number,
            Text = cut ? text[..(limit == 0 ? 0 : ends[limit - 1])] : text,
            Ends = cut ? ends[..limit] : ends,
            Finish = cut ? FinishReason.Length : FinishReason.Stop,
            Failure = failure,
            PrefillTime = TimeSpan.FromMilliseconds(ttft * settings.TtftMultiplier)
                + (failure == FailureKind.Stall ? TimeSpan.FromSeconds(settings.Failures.StallSeconds) : TimeSpan.Zero),
            TpotMedianMs = profile.TpotMs.Median * settings.TpotMultiplier,
            TpotSigma = profile.TpotMs.Sigma,
            Seed = random.Next(),
        };
    }

    private string Text(GenerationRequest request, BehaviourSettings settings)
    {
        var rule = RuleFor(request.SystemText);
        if (rule?.Refuse == true)
            return Refusal;
        foreach (var fixedAnswer in profile.AnswerRules)
        {
            if (request.UserText.Contains(fixedAnswer.UserContains, StringComparison.OrdinalIgnoreCase))
                return fixedAnswer.Answer;
        }

        var manner = new AnswerManner(settings.Accuracy ?? rule?.Accuracy, rule?.Style);
        var text = answers?.Answer(request.UserText, manner) ?? Echo(request.UserText);
        return rule is { LengthFactor: > 1 } ? Lengthened(text, rule.LengthFactor) : text;
    }

    private PromptRule? RuleFor(string systemText)
    {
        if (systemText.Length == 0)
            return null;
        foreach (var rule in profile.PromptRules)
        {
            if (systemText.Contains(rule.SystemContains, StringComparison.OrdinalIgnoreCase))
                return rule;
        }

        return null;
    }

    private static string Lengthened(string text, double factor)
    {
        var missing = (WordPieces.Count(text) * factor) - WordPieces.Count(text);
        var times = (int)Math.Ceiling(missing / WordPieces.Count(Filler));
        return string.Concat([text, .. Enumerable.Repeat(Filler, times)]);
    }

    /// <summary>What a model says to a question that is not in its data: neutral, and about the question.</summary>
    private static string Echo(string userText)
    {
        var ends = WordPieces.Ends(userText);
        var start = ends.Length == 0 ? "" : userText[..ends[Math.Min(ends.Length, 12) - 1]].Trim();
        return $"You asked: {start}. I have no further information about this.";
    }

    private static string CutAtStop(string text, IReadOnlyList<string> stop)
    {
        foreach (var end in stop)
        {
            var at = end.Length == 0 ? -1 : text.IndexOf(end, StringComparison.Ordinal);
            if (at >= 0)
                text = text[..at];
        }

        return text;
    }
}
