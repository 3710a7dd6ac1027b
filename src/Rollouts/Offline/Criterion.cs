namespace LlmOps.Rollouts.Offline;

/// <summary>What must hold for one metric of an evaluation: <see cref="AtLeast"/> or <see cref="NotWorseThanStable"/>.</summary>
/// <param name="Metric">Name of the scorer.</param>
/// <param name="Confidence">One-sided, such as 0.95.</param>
public abstract record Criterion(string Metric, double Confidence);

/// <summary>The pass rate is shown to be at least a threshold.</summary>
/// <param name="Threshold">0 to 1.</param>
public sealed record AtLeast(string Metric, double Threshold, double Confidence = 0.95) : Criterion(Metric, Confidence)
{
    public override string ToString() => $"{Metric} at least {Threshold:0.####}";
}

/// <summary>The pass rate is shown to be less than a margin below stable's on the same cases.</summary>
/// <param name="Margin">Above 0, up to 1.</param>
public sealed record NotWorseThanStable(string Metric, double Margin, double Confidence = 0.95) : Criterion(Metric, Confidence)
{
    public override string ToString() => $"{Metric} not worse than stable by {Margin:0.####}";
}
