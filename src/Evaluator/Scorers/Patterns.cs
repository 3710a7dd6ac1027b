using System.Text.RegularExpressions;

namespace LlmOps.Evaluator.Scorers;

/// <summary>Regular expressions of users: without backtracking, so that no answer can make one run away.</summary>
internal static class Patterns
{
    private const RegexOptions Options = RegexOptions.NonBacktracking | RegexOptions.CultureInvariant | RegexOptions.Multiline;

    /// <exception cref="ArgumentException">It is not a regular expression, or one that needs backtracking (look-around, back-references).</exception>
    public static Regex Compile(string scorer, string field, string pattern)
    {
        try
        {
            return new Regex(pattern, Options);
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            throw new ArgumentException($"scorer {scorer}: {field} cannot be used ({e.Message}): look-around and back-references are not supported", e);
        }
    }
}
