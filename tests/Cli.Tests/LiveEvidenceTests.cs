using LlmOps.Api;
using LlmOps.Cli.Dashboard;
using LlmOps.Kubernetes;
using Xunit;

namespace LlmOps.Cli.Tests;

public sealed class LiveEvidenceTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.UnixEpoch;

    [Fact]
    public void What_engines_of_one_track_each_counted_is_held_against_each_other_as_the_operator_does()
    {
        var point = Point(Engine("stable-0", 2000, 0, 0, 0), Engine("candidate-0", 0, 0, 2000, 400));

        Assert.Equal((2000, 2000, 400), (point.Stable.Requests, point.Candidate.Requests, point.Candidate.Errors));
        Assert.True(point.LogE > point.LogThreshold, $"{point.LogE} of {point.LogThreshold}");
    }

    [Fact]
    public void Where_gateways_counted_the_same_requests_engines_are_left_out()
    {
        var point = Point(Gateway("gateway-0", 100, 1, 100, 2), Engine("stable-0", 2000, 0, 0, 0), Engine("candidate-0", 0, 0, 2000, 400));

        Assert.Equal((100, 1, 100, 2), (point.Stable.Requests, point.Stable.Errors, point.Candidate.Requests, point.Candidate.Errors));
        Assert.True(point.LogE < point.LogThreshold);
    }

    private static SeriesPoint Point(params EvidenceStatus[] rows) => LiveEvidence.Point(
        new LlmDeployment
        {
            Metadata = new ObjectMeta { Name = "bot", Namespace = "default" },
            Spec = new LlmDeploymentSpec { Model = new ModelSpec { Source = "hf://org/model" }, Engine = new EngineSpec { Type = EngineTypes.VLlm } },
            Status = new LlmDeploymentStatus { Rollout = new RolloutStatus { Id = "9a3b12cd", Release = "r-2", Phase = "Stepping", Evidence = rows } },
        },
        Now)!;

    private static EvidenceStatus Engine(string process, long stable, long stableErrors, long candidate, long candidateErrors) =>
        Gateway(process, stable, stableErrors, candidate, candidateErrors) with { OfEngine = true };

    private static EvidenceStatus Gateway(string process, long stable, long stableErrors, long candidate, long candidateErrors) => new()
    {
        Process = process,
        Epoch = 1,
        Weight = 50,
        Stable = new TrackEvidence { Requests = stable, Errors = stableErrors },
        Candidate = new TrackEvidence { Requests = candidate, Errors = candidateErrors },
    };
}
