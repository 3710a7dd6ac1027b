using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Applying;
using LlmOps.Operator.Gathering;
using LlmOps.Rollouts;
using Xunit;

namespace LlmOps.Operator.Tests.Applying;

/// <summary>
/// A rollout that is played without a server: specs are applied, gates answer, requests are counted, and every decision goes through status and back, as
/// between two reconciles of two processes.
/// </summary>
internal sealed class RecordedStory
{
    private static readonly EvalGate Gate = Samples.Gate();

    private readonly List<ControllerRevision> revisions = [];
    private readonly List<EvalRun> runs = [];
    private LlmDeployment deployment = Samples.Deployment();
    private EquatableArray<EvidenceRow> rows;
    private EquatableArray<ServingTarget> pods;
    private EquatableArray<WrittenRecord> written;
    private int rollouts;

    public DateTimeOffset Now { get; private set; } = new(2026, 7, 1, 12, 0, 0, TimeSpan.Zero);

    /// <summary>Records in the order of their writing.</summary>
    public List<RolloutRecord> Records { get; } = [];

    /// <summary>Whether the process ends after each status write, before it gets to the record.</summary>
    public bool CrashesBeforeRecords { get; set; }

    public RolloutState State => RolloutStateReader.Read(deployment.Status);

    public LlmDeploymentStatus Status => deployment.Status!;

    /// <summary>The first release serves.</summary>
    public static RecordedStory Serving(string revision)
    {
        var story = new RecordedStory();
        story.Apply(revision);
        story.Decide(2);
        story.Answer(Verdict.Pass);
        story.Decide(4);
        Assert.NotNull(story.State.Stable);
        story.Records.Clear();
        return story;
    }

    public void Apply(string revision, Func<EngineSpec, EngineSpec>? engine = null)
    {
        var applied = Samples.Canary(revision, steps:
        [
            new RolloutStep { Gate = "quality" },
            new RolloutStep { Weight = 5, Hold = TimeSpan.FromMinutes(5), MinRequests = 100 },
            new RolloutStep { Weight = 25, Hold = TimeSpan.FromMinutes(10), MinRequests = 500 },
        ]);
        deployment = applied with
        {
            Spec = applied.Spec with { Engine = (engine ?? (same => same))(applied.Spec.Engine) },
            Metadata = applied.Metadata with { Uid = "uid-bot", Generation = (deployment.Status is null ? 0 : deployment.Metadata.Generation) + 1 },
            Status = deployment.Status,
        };
    }

    /// <summary>The gate that runs comes to a verdict.</summary>
    public void Answer(Verdict verdict)
    {
        for (var i = 0; i < runs.Count; i++)
        {
            runs[i] = runs[i].Status is not null ? runs[i] : runs[i] with
            {
                Status = new EvalRunStatus
                {
                    Phase = "Finished",
                    Verdict = verdict.ToString(),
                    Reason = verdict == Verdict.Pass ? Reasons.GatePassed : Reasons.GateFailed,
                    Message = $"correct at least 0.5: {(verdict == Verdict.Pass ? 190 : 60)} of 200 passed",
                    DatasetDigest = "sha256:1f2e3d",
                    Cases = 200,
                    Tokens = 12345,
                    Scores = [new MetricScore { Metric = "correct", Passed = verdict == Verdict.Pass ? 190 : 60, Cases = 200 }],
                    Criteria = [new CriterionResult { Criterion = "correct at least 0.5", Verdict = verdict.ToString(), Message = "numbers" }],
                },
            };
        }
    }

    /// <summary>Counts of two gateways at the present weight so far.</summary>
    public void Count(long stable, long candidate, long candidateErrors = 0)
    {
        var rollout = State.Current!;
        rows = [.. rows.Where(row => row.Epoch != rollout.WeightEpoch), Row("gateway-1", stable - 10, candidate - 3, candidateErrors), Row("gateway-2", 10, 3, 0)];

        EvidenceRow Row(string process, long ofStable, long ofCandidate, long errors) =>
            new(process, rollout.WeightEpoch, rollout.WeightPercent, new(ofStable, 1), new(ofCandidate, errors));
    }

    public void Wait(TimeSpan time) => Now += time;

    /// <summary>Decides as often as said, a second apart; a world in which pods are ready at once.</summary>
    public void Decide(int times = 1)
    {
        for (var i = 0; i < times; i++)
        {
            DecideOnce();
            Now += TimeSpan.FromSeconds(1);
        }
    }

    private void DecideOnce()
    {
        var spec = PlanBuilder.Build(deployment, null);
        var state = State;
        var gathered = new Gathered
        {
            Deployment = deployment,
            Spec = spec,
            State = state,
            Releases = new ReleaseBook([.. revisions], spec.Desired),
            Runs = [.. runs],
            Observation = new Observation
            {
                Pods = pods.Select(target => new PodsObservation(target.ServingHash, target.Replicas, target.Replicas, target.Replicas)).ToEquatableArray(),
                Gates = state.Current is { } rollout ? GateFacts.Observe(rollout, spec.Plan.Steps, runs, _ => new(Gate, [], null)) : [],
                Evidence = new(null, rows, state.Current?.Id),
                Records = written,
                Actor = "argocd-controller (Apply)",
                NewRolloutId = $"{rollouts + 1:x8}",
            },
        };
        var decision = RolloutEngine.Decide(spec.Plan, state, gathered.Observation, Now);
        if (DesiredObjects.Snapshot(gathered, decision) is { } snapshot)
            revisions.Add(snapshot);
        if (decision.Next.Current?.Id != state.Current?.Id)
            (rollouts, rows) = (rollouts + 1, []);
        runs.AddRange(DesiredObjects.Of(gathered, decision, _ => new(Gate, [], null)).Runs.Where(run => runs.All(known => known.Metadata.Name != run.Metadata.Name)).ToList());
        pods = decision.Pods;
        deployment = deployment with { Status = StatusBuilder.Build(gathered, decision, null, Now) };
        if (CrashesBeforeRecords)
            return;

        foreach (var rolloutToRecord in RecordBuilder.Unrecorded(decision.Next).Where(ended => written.All(record => record.RolloutId != ended.Id)).ToList())
        {
            var record = RecordBuilder.Build(gathered with { Runs = [.. runs] }, decision.Next, rolloutToRecord);
            Records.Add(record);
            written = written.Add(new(rolloutToRecord.Id, record.Metadata.Name!));
        }
    }
}
