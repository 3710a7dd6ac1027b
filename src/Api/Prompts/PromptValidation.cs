namespace LlmOps.Api;

/// <summary>What a schema cannot say about a prompt.</summary>
public static class PromptValidation
{
    /// <summary>Checks templates against the declared variables.</summary>
    public static PromptCheck Check(PromptVersionSpec spec)
    {
        var variables = spec.Variables ?? new Dictionary<string, PromptVariable>();
        var problems = new List<string>();
        var used = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < spec.Messages.Count; i++)
        {
            var message = spec.Messages[i];
            if (!PromptTemplate.TryParse(message.Template, out var template, out var problem))
            {
                problems.Add($"messages[{i}].template: {problem}");
                continue;
            }

            foreach (var name in template!.Variables)
            {
                used.Add(name);
                if (!variables.TryGetValue(name, out var variable))
                    problems.Add($"messages[{i}].template uses '{name}', which is not declared: declare it in variables or correct its name");
                else if (message.Role == "system" && variable.Trust == "untrusted")
                    problems.Add($"messages[{i}].template puts the untrusted variable '{name}' into a system message: move it into a user message");
            }
        }

        foreach (var (name, variable) in variables.OrderBy(v => v.Key, StringComparer.Ordinal))
            problems.AddRange(CheckDeclaration(name, variable));
        return new(problems, [.. variables.Keys.Where(n => !used.Contains(n)).Order(StringComparer.Ordinal).Select(n => $"variables.{n} is declared and not used by any message: use it or leave it out")]);
    }

    private static IEnumerable<string> CheckDeclaration(string name, PromptVariable variable)
    {
        if (!PromptTemplate.IsVariableName(name))
            yield return $"variables: '{name}' is not a variable name: use a letter or underscore, then letters, digits, '_', '.', '-'";
        if (variable.Default is not { } value)
            yield break;
        if (variable.Required == true)
            yield return $"variables.{name} is required and has a default, which would never be used: leave out one of the two";
        if (!PromptValues.IsOfType(variable, value))
            yield return $"variables.{name}.default is not of type {variable.Type}";
        if (PromptValues.IsTooLong(variable, value))
            yield return $"variables.{name}.default is longer than its maxLength of {variable.MaxLength}";
    }
}

/// <summary>Findings about a prompt.</summary>
/// <param name="Problems">The prompt cannot be used; each says what to do.</param>
/// <param name="Warnings">The prompt can be used, and something in it has no effect.</param>
public sealed record PromptCheck(IReadOnlyList<string> Problems, IReadOnlyList<string> Warnings);
