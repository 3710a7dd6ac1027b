namespace LlmOps.Bench.Reporting;

/// <summary>One measured number.</summary>
/// <param name="Name">What, in words.</param>
/// <param name="Value">In <paramref name="Unit"/>.</param>
/// <param name="Unit">Such as <c>ms</c>; empty for a count or a ratio.</param>
internal sealed record Figure(string Name, double Value, string Unit = "")
{
    /// <summary>Budget: the value must not be above this.</summary>
    public double? AtMost { get; init; }

    /// <summary>Budget: the value must not be below this.</summary>
    public double? AtLeast { get; init; }

    /// <summary>How it was measured, where that does not go without saying.</summary>
    public string? Note { get; init; }

    /// <summary>Null where there is no budget.</summary>
    public bool? Met => AtMost is null && AtLeast is null ? null : !(Value > AtMost) && !(Value < AtLeast);
}

/// <summary>What stands behind the figures.</summary>
internal sealed record Detail(string Title, IReadOnlyList<string> Columns, IReadOnlyList<IReadOnlyList<string>> Rows);

/// <summary>One part of the bench.</summary>
/// <param name="Problems">What could not be measured, and why.</param>
internal sealed record PartResult(string Part, IReadOnlyList<Figure> Figures, IReadOnlyList<Detail> Details, IReadOnlyList<string> Problems);

/// <summary>The whole run, as the JSON file holds it.</summary>
internal sealed record BenchResult(DateTimeOffset FinishedAt, bool Quick, double Seconds, Machine Machine, IReadOnlyList<PartResult> Parts);
