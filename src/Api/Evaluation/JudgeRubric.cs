namespace LlmOps.Api;

/// <summary>What a PromptVersion must be like for a judge to be asked with it.</summary>
public static class JudgeRubric
{
    /// <summary>Variable with the answer that is judged.</summary>
    public const string Output = "output";

    /// <summary>Variable with the question that was asked.</summary>
    public const string Input = "input";

    /// <summary>Variable with the expected value of the case.</summary>
    public const string Expected = "expected";

    /// <summary>Why a scorer's judge cannot be asked with a prompt, each with what to do; empty where it can.</summary>
    public static IReadOnlyList<string> Problems(PromptVersionSpec prompt, ScorerSpec scorer)
    {
        var check = PromptValidation.Check(prompt);
        return check.Problems.Count > 0 ? check.Problems : [.. Check(prompt, scorer)];
    }

    private static IEnumerable<string> Check(PromptVersionSpec prompt, ScorerSpec scorer)
    {
        var used = prompt.Messages.SelectMany(m => PromptTemplate.TryParse(m.Template, out var template, out _) ? template!.Variables : []).ToHashSet(StringComparer.Ordinal);
        if (!used.Contains(Output))
            yield return $"messages do not use the variable '{Output}', the answer that is judged: use it in a user message";
        else if (prompt.Variables![Output] is not { Trust: "untrusted", Type: null or PromptVariableTypes.Text })
            yield return $"variables.{Output} is what the model under test wrote: declare it as a string with trust: untrusted";
        if (used.Contains(Expected) != scorer.Expected is not null)
        {
            yield return scorer.Expected is null
                ? $"messages use the variable '{Expected}', and scorer {scorer.Name} has none: set its expected to the path of the value in a case, such as expected.text"
                : $"messages do not use the variable '{Expected}', which scorer {scorer.Name} gives: use it, or leave expected out of the scorer";
        }

        if (prompt.Messages[^1].Role != "user")
            yield return "messages end with one that is not the user's: end with a user message, to which the form of the verdict is added";
        if (prompt.Parameters?.Temperature is not (null or 0))
            yield return "parameters.temperature is not 0: a judge is asked with 0, leave it out";
        if (prompt.Parameters?.ResponseFormat is not null)
            yield return "parameters.responseFormat is set: a judge answers in text that ends with a line of its verdict, leave it out";
    }
}
