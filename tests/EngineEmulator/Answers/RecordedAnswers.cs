namespace LlmOps.EngineEmulator.Answers;

/// <summary>Replays what a real model once said.</summary>
internal sealed class RecordedAnswers(IReadOnlyList<(string Question, string Answer)> recorded) : IAnswerSource
{
    private readonly QuestionIndex _index = new([.. recorded.Select(pair => pair.Question)]);

    public string? Answer(string userMessage, AnswerManner manner) =>
        _index.Find(userMessage) is >= 0 and var found ? recorded[found].Answer : null;
}
