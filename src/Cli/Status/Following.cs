using System.Text.Json;
using LlmOps.Api;
using LlmOps.Cli.Output;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace LlmOps.Cli.Status;

/// <summary><c>status --watch</c>: redrawn in place on a terminal; elsewhere one line for each change, or one JSON document a line.</summary>
internal static class Following
{
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(1);

    public static async Task<int> OneAsync(Session session, LlmDeployment deployment, CancellationToken ct)
    {
        var seen = await Picture.ReadAsync(session.Client, deployment, ct);
        using var live = Live.One(session, seen);
        return await ShowAsync(session, live, () => live.Picture is { } picture ? StatusTree.Of(picture, session.Now, session.Host.IsPlain) : null, withNamespace: false, ct);
    }

    public static async Task<int> AllAsync(Session session, string? ns, CancellationToken ct)
    {
        using var live = Live.All(session, ns);
        return await ShowAsync(session, live, () => StatusTable.Of(live.Deployments, ns is null, session.Host.Columns, session.Now), ns is null, ct);
    }

    private static async Task<int> ShowAsync(Session session, Live live, Func<IRenderable?> draw, bool withNamespace, CancellationToken ct)
    {
        try
        {
            if (session.Host.IsPlain || session.Format is not null)
                return await LinesAsync(session, live, withNamespace, ct);
            return await session.Console.Live(draw() ?? new Text(string.Empty)).AutoClear(false).StartAsync(shown => live.RunAsync(
                () =>
                {
                    if (draw() is not { } next)
                        return ExitCodes.Done;
                    shown.UpdateTarget(next);
                    return null;
                },
                Beat,
                session.Time,
                ct));
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            // Ctrl-C is how a watch ends.
            return ExitCodes.Done;
        }
    }

    private static Task<int> LinesAsync(Session session, Live live, bool withNamespace, CancellationToken ct)
    {
        var told = new Dictionary<string, string>(StringComparer.Ordinal);
        return live.RunAsync(
            () =>
            {
                foreach (var deployment in live.Deployments.OrderBy(d => d.Metadata.Namespace, StringComparer.Ordinal).ThenBy(d => d.Metadata.Name, StringComparer.Ordinal))
                {
                    var key = $"{deployment.Metadata.Namespace}/{deployment.Metadata.Name}";
                    var state = ChangeLine.Of(deployment);
                    var text = session.Format is null ? state : deployment.Metadata.ResourceVersion!;
                    if (told.GetValueOrDefault(key) == text)
                        continue;
                    told[key] = text;
                    Tell(session, deployment, $"{Times.Clock(session.Now)}  {(withNamespace ? key : deployment.Metadata.Name)}  {state}");
                }

                return null;
            },
            beat: null,
            session.Time,
            ct);
    }

    private static void Tell(Session session, LlmDeployment deployment, string line)
    {
        if (session.Format == "json")
            session.Line(JsonSerializer.Serialize(deployment, ApiJson.Default.LlmDeployment));
        else if (session.Writes(deployment, ApiJson.Default.LlmDeployment))
            session.Line("---");
        else
            session.Line(line);
    }
}
