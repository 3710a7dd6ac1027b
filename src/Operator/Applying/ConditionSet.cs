using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Rollouts;

namespace LlmOps.Operator.Applying;

/// <summary>Builds conditions: one a type, whose transition time moves only with its status.</summary>
/// <param name="before">Conditions as they were.</param>
/// <param name="generation">Generation that they are worked out for.</param>
/// <param name="now">Transition time of those that change.</param>
internal sealed class ConditionSet(IReadOnlyList<Condition>? before, long? generation, DateTimeOffset now)
{
    private const int LongestMessage = 4096;

    private readonly List<Condition> conditions = [];

    public IReadOnlyList<Condition> Conditions => conditions;

    public ConditionSet Set(string type, bool? value, string reason, string message)
    {
        var status = value switch { true => "True", false => "False", null => "Unknown" };
        var old = before?.FirstOrDefault(condition => condition.Type == type);
        conditions.Add(new Condition
        {
            Type = type,
            Status = status,
            Reason = reason,
            Message = Excerpt.Of(message, LongestMessage),
            LastTransitionTime = old?.Status == status ? old.LastTransitionTime : now,
            ObservedGeneration = generation,
        });
        return this;
    }

    /// <summary>Stalled, of a kind whose other reasons are those of Ready.</summary>
    /// <param name="problem">What somebody must mend; null where nobody must.</param>
    public ConditionSet SetStalled(Problem? problem) => Set(ConditionTypes.Stalled, problem is not null, problem?.Reason ?? Reasons.Valid, problem?.Message ?? "nothing waits for anybody");
}
