namespace LlmOps.Rollouts;

/// <summary>One stage of a rollout: a <see cref="GateStep"/>, a <see cref="MirrorStep"/>, a <see cref="WeightStep"/> or an <see cref="ApproveStep"/>.</summary>
public abstract record Step;

/// <summary>Waits for the verdicts of offline evaluations that run at the same time; all of them must pass. The weight stays what it was before.</summary>
/// <param name="Gates">Names of the EvalGates, one or more, each once.</param>
public sealed record GateStep(EquatableArray<string> Gates) : Step
{
    private const int LongestName = 300;

    public GateStep(string gate)
        : this([gate])
    {
    }

    public override string ToString() => Excerpt.Of($"{(Gates.Count == 1 ? "gate" : "gates")} {string.Join(", ", Gates)}", LongestName);
}

/// <summary>Waits for a person. The weight stays, and live tests go on.</summary>
/// <param name="Timeout">Longest time to wait.</param>
public sealed record ApproveStep(TimeSpan Timeout) : Step
{
    public override string ToString() => "approval";
}

/// <summary>Gives the candidate a share of the requests and holds it.</summary>
/// <param name="WeightPercent">Share in per cent, 1 to 100. At 100 no request is left to compare with, so live tests learn nothing more.</param>
/// <param name="HoldFor">Shortest time at the weight.</param>
/// <param name="MinRequests">Fewest requests that the candidate must have been assigned at the weight. 0 still asks for one: no data is no good news.</param>
public sealed record WeightStep(int WeightPercent, TimeSpan HoldFor, int MinRequests) : Step
{
    public override string ToString() => $"weight {WeightPercent}%";
}

/// <summary>Has the candidate get copies of stable's requests, and holds that. Users get stable's answers alone: the weight is 0.</summary>
/// <param name="Mirror">Which requests are copied.</param>
/// <param name="HoldFor">Shortest time of it.</param>
/// <param name="MinRequests">Fewest copies that the candidate must have got. 0 still asks for one.</param>
public sealed record MirrorStep(MirrorSettings Mirror, TimeSpan HoldFor, int MinRequests) : Step
{
    public override string ToString() => $"mirror {Mirror.Percent}%";
}

/// <summary>Which of stable's requests are copied to the candidate.</summary>
/// <param name="Percent">Share of them in per cent, 1 to 100.</param>
/// <param name="MaxConcurrent">Copies that each gateway has running at one time; beyond it a request is not copied.</param>
public sealed record MirrorSettings(int Percent, int MaxConcurrent);
