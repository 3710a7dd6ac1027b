using System.Runtime.CompilerServices;

namespace LlmOps.Testing.Recorded;

/// <summary>
/// GSM8K with the recorded answers of two real models. It is no part of the repository: it lies in the folder that <c>GSM8K_DATA</c> names, by default beside
/// the repository.
/// </summary>
public static class RecordedAnswers
{
    /// <summary>Path of the file, whether it is there or not.</summary>
    public static string File { get; } = Path.Combine(
        Environment.GetEnvironmentVariable("GSM8K_DATA") is { Length: > 0 } folder ? folder : Path.Combine(RepositoryRoot(), "..", "shared", "data", "gsm8k"),
        "gsm8k-6b.jsonl");

    /// <summary>Why a test that needs them cannot run; null where they are there.</summary>
    public static string? Missing { get; } = System.IO.File.Exists(File)
        ? null
        : $"the recorded GSM8K answers are not there ({File}): set GSM8K_DATA to the folder of gsm8k-6b.jsonl, see CONTRIBUTING.md";

    private static string RepositoryRoot([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", ".."));
}
