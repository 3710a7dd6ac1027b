using System.Diagnostics.CodeAnalysis;

namespace LlmOps.Api;

/// <summary>Turns a PromptVersion into something that renders requests.</summary>
public static class PromptRenderer
{
    /// <summary>Compiles a prompt once; the result is immutable and may be used by many requests at a time.</summary>
    public static PromptCompilation Compile(PromptVersionSpec spec)
    {
        var check = PromptValidation.Check(spec);
        return check.Problems.Count > 0
            ? new(null, check.Problems)
            : new(new(spec, [.. spec.Messages.Select(m => (m.Role, PromptTemplate.TryParse(m.Template, out var template, out _) ? template! : throw new InvalidOperationException("a checked template does not parse")))]), []);
    }
}

/// <summary>A prompt that renders, or why it does not.</summary>
/// <param name="Prompt">Null where there are problems.</param>
/// <param name="Problems">What is wrong, each with what to do; empty where nothing is.</param>
public sealed record PromptCompilation(CompiledPrompt? Prompt, IReadOnlyList<string> Problems);

/// <summary>A PromptVersion whose templates are parsed.</summary>
public sealed class CompiledPrompt
{
    /// <summary>
    /// Characters that the messages of one rendering have at most, together: twice the largest body that a gateway takes by default. A value comes as often as the templates
    /// name its variable, ten thousand times perhaps.
    /// </summary>
    public const int MostCharacters = 8 * 1024 * 1024;

    private readonly PromptVersionSpec spec;
    private readonly IReadOnlyList<(string Role, PromptTemplate Template)> messages;
    private readonly KeyValuePair<string, PromptVariable>[] variables;

    /// <summary>How often all templates together use each variable.</summary>
    private readonly KeyValuePair<string, int>[] uses;

    internal CompiledPrompt(PromptVersionSpec spec, IReadOnlyList<(string Role, PromptTemplate Template)> messages)
    {
        this.spec = spec;
        this.messages = messages;
        variables = [.. (spec.Variables ?? new Dictionary<string, PromptVariable>()).OrderBy(v => v.Key, StringComparer.Ordinal)];
        uses = [.. messages.SelectMany(m => m.Template.Uses).AggregateBy(use => use.Key, 0, (times, use) => times + use.Value, StringComparer.Ordinal)];
    }

    /// <summary>Sampling parameters of the prompt; null where it sets none.</summary>
    public SamplingParameters? Parameters => spec.Parameters;

    /// <summary>Puts values into the templates. Only what the prompt declares is taken, and nothing is expanded twice.</summary>
    /// <param name="values">Values of a request by variable, as text.</param>
    /// <param name="rendered">The messages in order; null on an error.</param>
    /// <param name="error">The first thing that is wrong with the values; null where nothing is.</param>
    /// <param name="present">How a value that was given and fits is put in: from its variable and itself. Default: as it is.</param>
    public bool TryRender(
        IReadOnlyDictionary<string, string> values,
        [NotNullWhen(true)] out RenderedPrompt? rendered,
        [NotNullWhen(false)] out PromptRenderError? error,
        Func<string, string, string>? present = null)
    {
        rendered = null;
        error = Check(values);
        if (error is not null)
            return false;
        var texts = uses.ToDictionary(
            use => use.Key, use => values.TryGetValue(use.Key, out var value) ? present?.Invoke(use.Key, value) ?? value : spec.Variables![use.Key].Default ?? string.Empty, StringComparer.Ordinal);
        error = CheckLength(texts);
        if (error is not null)
            return false;
        var result = new RenderedMessage[messages.Count];
        for (var i = 0; i < result.Length; i++)
            result[i] = new(messages[i].Role, messages[i].Template.Render(name => texts[name]));
        rendered = new(result);
        return true;
    }

    private PromptRenderError? Check(IReadOnlyDictionary<string, string> values)
    {
        foreach (var (name, variable) in variables)
        {
            if (!values.TryGetValue(name, out var value))
            {
                if (variable.Required == true)
                    return new(PromptRenderErrorKind.Missing, name, $"variable '{name}' is missing: {Title} requires it, give it in prompt.variables");
                continue;
            }

            if (PromptValues.IsTooLong(variable, value))
                return new(PromptRenderErrorKind.TooLong, name, $"variable '{name}' has {PromptValues.Length(value)} characters, {Title} allows {variable.MaxLength}: shorten it");
            if (!PromptValues.IsOfType(variable, value))
                return new(PromptRenderErrorKind.WrongType, name, $"variable '{name}' must be of type {variable.Type}");
        }

        return values.Count > 0 && values.Keys.Where(n => spec.Variables?.ContainsKey(n) != true).Order(StringComparer.Ordinal).FirstOrDefault() is { } unknown
            ? new(PromptRenderErrorKind.Undeclared, unknown, $"variable '{unknown}' is not declared by {Title}, which takes {(variables.Length == 0 ? "none" : string.Join(", ", variables.Select(v => v.Key)))}: leave it out or correct its name")
            : null;
    }

    private PromptRenderError? CheckLength(Dictionary<string, string> texts)
    {
        var length = messages.Sum(m => (long)m.Template.LiteralLength) + uses.Sum(Length);
        return length > MostCharacters && uses is not [] && uses.MaxBy(Length).Key is var longest
            ? new(PromptRenderErrorKind.TooLong, longest, $"the messages of {Title} would have {length} characters with these values, more than {MostCharacters}: shorten '{longest}', or use it less often")
            : null;

        long Length(KeyValuePair<string, int> use) => (long)use.Value * texts[use.Key].Length;
    }

    private string Title => $"prompt {spec.Family} {spec.Version}";
}

/// <summary>The messages that a prompt makes of a request's values.</summary>
public sealed record RenderedPrompt(IReadOnlyList<RenderedMessage> Messages);

/// <summary>One message as the OpenAI API has it.</summary>
/// <param name="Role"><c>system</c>, <c>user</c> or <c>assistant</c>.</param>
/// <param name="Content">The text.</param>
public sealed record RenderedMessage(string Role, string Content);

/// <summary>What is wrong with the value of one variable.</summary>
public enum PromptRenderErrorKind
{
    /// <summary>It is required and not given.</summary>
    Missing,

    /// <summary>It is longer than its maxLength, or all messages together are longer than <see cref="CompiledPrompt.MostCharacters"/>.</summary>
    TooLong,

    /// <summary>It is not of its type.</summary>
    WrongType,

    /// <summary>The prompt does not declare it.</summary>
    Undeclared,
}

/// <summary>Why values cannot be rendered.</summary>
/// <param name="Kind">What is wrong.</param>
/// <param name="Variable">Name of the variable.</param>
/// <param name="Message">What is wrong and what to do, for the caller. Names the variable, never its value.</param>
public sealed record PromptRenderError(PromptRenderErrorKind Kind, string Variable, string Message);
