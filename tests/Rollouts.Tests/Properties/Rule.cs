using System.Runtime.CompilerServices;

namespace LlmOps.Rollouts.Tests.Properties;

/// <summary>What holds for every decision, whatever happens in whatever order. Its name is the sentence that a failure begins with.</summary>
/// <param name="NewWalk">Makes the check for one walk; a check may remember what it saw of that walk.</param>
internal sealed record Rule(string Name, Func<Action<Turn>> NewWalk)
{
    /// <summary>A rule that needs no more than the turn.</summary>
    public static Rule Of(Action<Turn> check, [CallerArgumentExpression(nameof(check))] string name = "") => new(Sentence(name), () => check);

    /// <summary>A rule about all turns of a walk that were not lost.</summary>
    public static Rule OfWalk(Func<Action<Turn>> newWalk, [CallerArgumentExpression(nameof(newWalk))] string name = "") => new(Sentence(name), () =>
    {
        var check = newWalk();
        return turn =>
        {
            if (!turn.IsLost)
            {
                check(turn);
            }
        };
    });

    private static string Sentence(string name) => name.Replace('_', ' ');
}
