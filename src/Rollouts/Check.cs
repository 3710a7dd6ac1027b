namespace LlmOps.Rollouts;

/// <summary>A check of live metrics, as the plan asks for it. What is measured is known to whoever measures.</summary>
/// <param name="Failures">Failing samples in a row that revert, 1 or more.</param>
/// <param name="FreshFor">A Pass from a sample older than this moves nothing forward.</param>
public sealed record CheckPlan(string Name, int Failures, TimeSpan FreshFor);

/// <summary>The newest sample of a check, judged.</summary>
/// <param name="SampleId">Another one for each sample, also across restarts of whoever takes them.</param>
/// <param name="At">When the sample was asked for.</param>
/// <param name="Message">The numbers in a sentence, or why there are none.</param>
public sealed record CheckObservation(string Name, string RolloutId, Verdict Verdict, string SampleId, DateTimeOffset At, string Message);

/// <summary>Where a check is, as it is kept.</summary>
/// <param name="Verdict">Of the newest sample.</param>
/// <param name="Failures">Failing samples in a row. A Pass sets it to 0; samples that say nothing (Inconclusive, NoData, ProviderError) leave it as it is.</param>
/// <param name="SampleId">The sample that was counted last, so that none counts twice.</param>
/// <param name="At">When that sample was asked for.</param>
public sealed record CheckState(string Name, Verdict Verdict, int Failures, string SampleId, DateTimeOffset At, string Message);
