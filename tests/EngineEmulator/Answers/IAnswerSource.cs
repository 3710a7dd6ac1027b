using LlmOps.EngineEmulator.Catalog;

namespace LlmOps.EngineEmulator.Answers;

/// <summary>Where a model's answers come from. The same question and manner always give the same text.</summary>
internal interface IAnswerSource
{
    /// <summary>The answer to the question in <paramref name="userMessage"/>; null: not in the data.</summary>
    string? Answer(string userMessage, AnswerManner manner);
}

/// <summary>What prompt and run-time settings ask of an answer.</summary>
/// <param name="Accuracy">Share of right answers, 0–1; null: as the catalogue says.</param>
/// <param name="Style">Null: as the catalogue says.</param>
internal readonly record struct AnswerManner(double? Accuracy, AnswerStyle? Style);
