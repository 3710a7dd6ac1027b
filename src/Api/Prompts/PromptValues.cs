using System.Globalization;

namespace LlmOps.Api;

/// <summary>Types of <see cref="PromptVariable.Type"/>.</summary>
public static class PromptVariableTypes
{
    public const string Text = "string";
    public const string Number = "number";
    public const string Integer = "integer";
    public const string Boolean = "boolean";
}

/// <summary>Whether a value, given as text, fits the declaration of its variable.</summary>
internal static class PromptValues
{
    /// <summary>Whether the text is a value of the variable's type. A number is written as JSON writes it.</summary>
    public static bool IsOfType(PromptVariable variable, string value) => (variable.Type ?? PromptVariableTypes.Text) switch
    {
        PromptVariableTypes.Number => double.TryParse(value, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number),
        PromptVariableTypes.Integer => Int128.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _),
        PromptVariableTypes.Boolean => value is "true" or "false",
        _ => true,
    };

    /// <summary>Whether the value is longer than the variable allows, in Unicode code points (as the API server counts).</summary>
    public static bool IsTooLong(PromptVariable variable, string value) =>
        variable.MaxLength is { } most && value.Length > most && Length(value) > most;

    /// <summary>Length in Unicode code points.</summary>
    public static int Length(string value)
    {
        var count = 0;
        foreach (var _ in value.EnumerateRunes())
            count++;
        return count;
    }
}
