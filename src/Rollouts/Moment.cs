namespace LlmOps.Rollouts;

/// <summary>One thing that happened in a rollout.</summary>
/// <param name="Reason">A word of <see cref="RolloutReasons"/> or of the observation.</param>
/// <param name="StepIndex">Step that the rollout was at afterwards, from 0.</param>
/// <param name="WeightPercent">The candidate's share of requests afterwards, in per cent.</param>
/// <param name="Message">What happened, in a sentence.</param>
public sealed record Moment(DateTimeOffset At, string Reason, int StepIndex, int WeightPercent, string Message);

/// <summary>A stage of a rollout as it was gone through.</summary>
/// <param name="StepIndex">Index of the step, from 0; the number of steps for what comes after them.</param>
/// <param name="Name"><c>start</c>, the step in words, <c>promotion</c>, or the phase in small letters.</param>
/// <param name="WeightPercent">Highest weight that the candidate had in it, in per cent.</param>
/// <param name="StartedAt">Null where it was never reached.</param>
/// <param name="EndedAt">Null while it lasts, and where it was never reached.</param>
public sealed record StepTime(int StepIndex, string Name, int WeightPercent, DateTimeOffset? StartedAt, DateTimeOffset? EndedAt);

/// <summary>A number or a choice that decided, such as <c>tolerance/ttft</c> <c>1.2</c>.</summary>
public sealed record Rule(string Name, string Value);
