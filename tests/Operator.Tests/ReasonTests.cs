using System.Reflection;
using System.Runtime.CompilerServices;
using LlmOps.Api;
using LlmOps.Rollouts;
using Xunit;

namespace LlmOps.Operator.Tests;

/// <summary>Reasons are API: the rollout engine, which sees no API types, has its own list of them, and people look them up.</summary>
public sealed class ReasonTests
{
    [Fact]
    public void Every_reason_of_the_rollout_engine_is_a_reason_of_the_api()
    {
        var api = Constants(typeof(Reasons));
        Assert.All(Constants(typeof(RolloutReasons)), reason => Assert.Equal(reason.Value, api.GetValueOrDefault(reason.Key)));
    }

    [Fact]
    public void Every_reason_is_its_own_name() => Assert.All(Constants(typeof(Reasons)), reason => Assert.Equal(reason.Key, reason.Value));

    [Fact]
    public void Every_cause_of_a_transition_is_a_reason() => Assert.Empty(Transitions.Allowed.Select(transition => transition.Cause).Except(Constants(typeof(Reasons)).Values));

    [Fact]
    public void Every_reason_is_explained_in_the_docs()
    {
        var page = File.ReadAllText(Path.Combine(RepositoryRoot(), "docs", "reasons.md"));
        Assert.All(Constants(typeof(Reasons)).Values, reason => Assert.Contains($"| `{reason}` |", page, StringComparison.Ordinal));
    }

    private static Dictionary<string, string> Constants(Type type) => type
        .GetFields(BindingFlags.Public | BindingFlags.Static)
        .Where(field => field.IsLiteral)
        .ToDictionary(field => field.Name, field => (string)field.GetRawConstantValue()!);

    private static string RepositoryRoot([CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", ".."));
}
