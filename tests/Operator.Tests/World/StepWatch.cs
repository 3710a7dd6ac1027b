using System.Text.Json;
using LlmOps.Api;
using LlmOps.Testing;

namespace LlmOps.Operator.Tests.World;

/// <summary>One step of a rollout as somebody sees it who looks at the cluster: from the first status that shows it to the first that shows another.</summary>
/// <param name="HeldSince">When its hold began by its last status, at the latest when it was first seen: a status is under way for as long as a busy machine takes.</param>
internal sealed record SeenStep(string Deployment, string Rollout, string Revision, string Name, DateTimeOffset HeldSince, DateTimeOffset From, DateTimeOffset? To)
{
    public TimeSpan? Length => To - HeldSince;
}

/// <summary>Measures how long each step was held, by the weights that gateways follow and not by what the status says of itself.</summary>
internal sealed class StepWatch
{
    private readonly Lock sync = new();
    private readonly List<SeenStep> steps = [];
    private readonly InProcessApiServer server;
    private readonly TimeProvider time;

    public StepWatch(InProcessApiServer server, TimeProvider time)
    {
        (this.server, this.time) = (server, time);
        server.OnWrite += Look;
    }

    /// <summary>Steps with traffic, in their order.</summary>
    public IReadOnlyList<SeenStep> All
    {
        get
        {
            lock (sync)
                return [.. steps];
        }
    }

    private void Look(WriteRecord write)
    {
        if (write.Request is not { Plural: "llmdeployments" })
            return;
        // On the thread of the request, which has the clock's time until its answer is out.
        lock (sync)
        {
            var status = server.Find("llmdeployments.llmops.dev", write.Namespace, write.Name)?.Deserialize(LlmDeployment.JsonType)?.Status;
            var seen = status is { Candidate: { Weight: > 0 } candidate, Rollout: { } rollout }
                ? new SeenStep(write.Name, rollout.Id, candidate.Revision ?? candidate.Prompt ?? candidate.Release, rollout.StepName ?? rollout.Phase, Earlier(rollout.HoldStartedAt, time.GetUtcNow()), time.GetUtcNow(), null)
                : null;
            var open = steps.FindIndex(step => step.Deployment == write.Name && step.To is null);
            if (open >= 0 && (steps[open].Rollout, steps[open].Name) == (seen?.Rollout, seen?.Name))
            {
                steps[open] = steps[open] with { HeldSince = seen!.HeldSince };
                return;
            }

            if (open >= 0)
                steps[open] = steps[open] with { To = time.GetUtcNow() };
            if (seen is not null)
                steps.Add(seen);
        }
    }

    private static DateTimeOffset Earlier(DateTimeOffset? held, DateTimeOffset now) => held < now ? held.Value : now;
}
