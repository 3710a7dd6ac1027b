namespace LlmOps.Evaluator.Scorers;

/// <summary>What a scorer says of one answer.</summary>
internal enum GradeKind
{
    Pass,

    Fail,

    /// <summary>A judge answered without a verdict that can be read.</summary>
    Undecided,

    /// <summary>A judge did not answer.</summary>
    Unanswered,
}

/// <summary>What a scorer says of one answer, and why where it is not a pass.</summary>
internal sealed record Grade(GradeKind Kind, string? Why)
{
    public static Grade Pass { get; } = new(GradeKind.Pass, null);

    public bool IsScore => Kind is GradeKind.Pass or GradeKind.Fail;

    public static Grade Fail(string why) => new(GradeKind.Fail, why);
}
