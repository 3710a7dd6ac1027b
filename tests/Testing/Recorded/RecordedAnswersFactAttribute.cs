using Xunit;

namespace LlmOps.Testing.Recorded;

/// <summary>A test on <see cref="RecordedAnswers"/>: skipped, with the reason, where they are not there.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RecordedAnswersFactAttribute : FactAttribute
{
    public RecordedAnswersFactAttribute() => Skip = RecordedAnswers.Missing;
}

/// <summary>The same for a theory.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RecordedAnswersTheoryAttribute : TheoryAttribute
{
    public RecordedAnswersTheoryAttribute() => Skip = RecordedAnswers.Missing;
}
