namespace LlmOps.Cli.Lint;

/// <summary>What lint found. The answer of <c>lint -o json</c>.</summary>
/// <param name="Objects">Objects of llmops.dev that were looked at.</param>
/// <param name="Findings">What is wrong, in the order of the files.</param>
internal sealed record LintReport(int Objects, IReadOnlyList<Finding> Findings)
{
    public int Errors => Findings.Count(f => f.Severity == Finding.Error);

    public int Warnings => Findings.Count - Errors;
}

/// <summary>Something that is wrong.</summary>
/// <param name="Severity"><c>error</c>: the API server or the operator refuses it. <c>warning</c>: it may be right, and cannot be told from these files.</param>
/// <param name="File">File.</param>
/// <param name="Line">Line, from 1.</param>
/// <param name="Object">Kind and name; null where the file could not be read.</param>
/// <param name="Field">Path of the field, as the API server names it; empty for the whole object.</param>
/// <param name="Message">What is wrong and what to do.</param>
internal sealed record Finding(string Severity, string File, int Line, string? Object, string Field, string Message)
{
    public const string Error = "error";

    public const string Warning = "warning";
}
