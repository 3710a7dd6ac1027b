using LlmOps.Api;
using LlmOps.Cli.Output;

namespace LlmOps.Cli.Status;

/// <summary><c>status --wait</c>: until what the spec asks for serves, or will not.</summary>
internal static class Waiting
{
    public static async Task<int> AsWellAsAsync(Session session, LlmDeployment deployment, TimeSpan timeout, CancellationToken ct)
    {
        var seen = new Picture(deployment, null, null);
        using var live = Live.One(session, seen);
        var last = deployment;
        var told = string.Empty;
        int? Look()
        {
            if (live.Deployments is not [var now, ..])
                throw new CliException($"LlmDeployment {deployment.Metadata.Name} was deleted", ExitCodes.No);
            last = now;
            if (ChangeLine.Of(now) is var line && line != told)
                session.Note($"{Times.Clock(session.Now)}  {told = line}");
            return Outcome.Of(now) is { } outcome ? Finish(session, now, outcome) : null;
        }

        return await Deadline.WithinAsync(
            session, timeout,
            either => live.RunAsync(Look, beat: null, session.Time, either),
            () => $"LlmDeployment {deployment.Metadata.Name} did not come to an end within {new Duration(timeout)}; it is at: {ChangeLine.Of(last)}",
            ct);
    }

    private static int Finish(Session session, LlmDeployment deployment, Outcome outcome)
    {
        if (!session.Writes(deployment, ApiJson.Default.LlmDeployment))
            session.Line(outcome.Message);
        return outcome.Serves ? ExitCodes.Done : ExitCodes.No;
    }
}

/// <summary>How it came out.</summary>
/// <param name="Serves">Whether what the spec asks for serves.</param>
/// <param name="Message">How it came out, in a sentence.</param>
internal sealed record Outcome(bool Serves, string Message)
{
    /// <summary>By kstatus' meaning of the conditions; null while it is open. While a candidate is there, whatever stalls it may still be mended.</summary>
    public static Outcome? Of(LlmDeployment deployment)
    {
        var status = deployment.Status;
        if (status is null || status.ObservedGeneration != deployment.Metadata.Generation || status.Candidate is not null)
            return null;
        if (status.Conditions?.FirstOrDefault(c => c is { Type: ConditionTypes.Stalled, Status: "True" }) is { } stalled)
            return new(false, $"{deployment.Metadata.Name}: {stalled.Message} ({stalled.Reason})");
        return status.Conditions?.FirstOrDefault(c => c is { Type: ConditionTypes.Ready, Status: "True" }) is { } ready
            ? new(true, $"{deployment.Metadata.Name}: {ready.Message}")
            : null;
    }
}
