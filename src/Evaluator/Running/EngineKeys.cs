using LlmOps.Api;
using LlmOps.Kubernetes;

namespace LlmOps.Evaluator.Running;

/// <summary>API keys of the engines that are asked; null for an engine without one. They come by environment, from Secrets that the pod names.</summary>
internal sealed record EngineKeys(SecretToken? Candidate, SecretToken? Baseline, IReadOnlyList<SecretToken?> Judges)
{
    /// <summary>Scorers that a gate can have.</summary>
    private const int MostJudges = 16;

    public static EngineKeys None { get; } = new(null, null, []);

    /// <param name="variable">Value of an environment variable; null where it is not set.</param>
    public static EngineKeys Read(Func<string, string?> variable) =>
        new(
            Token(variable, EvaluationContract.CandidateApiKey),
            Token(variable, EvaluationContract.BaselineApiKey),
            [.. Enumerable.Range(0, MostJudges).Select(index => Token(variable, EvaluationContract.JudgeApiKey(index)))]);

    /// <param name="index">Position in the plan's judges, from 0.</param>
    public SecretToken? Judge(int index) => index < Judges.Count ? Judges[index] : null;

    private static SecretToken? Token(Func<string, string?> variable, string name) => variable(name) is { } value ? SecretToken.Of(value, name) : null;
}
