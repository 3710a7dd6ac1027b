using System.Text.Json;
using LlmOps.Evaluator.Datasets;

namespace LlmOps.Evaluator.Scorers;

/// <summary>What a scorer looks at.</summary>
/// <param name="Text">The answer, or the part of it that <c>extract</c> took; trimmed.</param>
/// <param name="Expected">Value at <c>expected</c> in the case; null where the scorer has no such path.</param>
/// <param name="AnswerTokens">Tokens of the whole answer, as the engine counted them.</param>
internal sealed record Scored(string Text, JsonElement? Expected, int AnswerTokens)
{
    /// <summary>The expected value as text; for a list, each of them counts.</summary>
    public IEnumerable<string> ExpectedTexts => Expected switch
    {
        null => [],
        { ValueKind: JsonValueKind.Array } list => list.EnumerateArray().Select(CaseReader.AsText),
        { } value => [CaseReader.AsText(value)],
    };
}

/// <summary>Says whether an answer passes: null where it does, else why it does not, in a few words.</summary>
internal delegate string? Score(Scored answer);
