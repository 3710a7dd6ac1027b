namespace LlmOps.Rollouts.Tests;

/// <summary>A rollout under the hands of a test: facts are set as properties, each <see cref="Decide"/> keeps its state.</summary>
internal sealed class Scene
{
    public static readonly Release A = new("a", "s1", "p1");
    public static readonly Release B = new("b", "s2", "p1");
    public static readonly Release C = new("c", "s3", "p1");

    public RolloutPlan Plan { get; set; } = new()
    {
        Desired = A,
        Replicas = 4,
        Steps = [new GateStep("quality"), new WeightStep(25, TimeSpan.FromMinutes(2), 20)],
        Generation = 1,
    };

    public RolloutState State { get; set; } = RolloutState.Initial;

    public DateTimeOffset Now { get; set; } = new(2026, 7, 1, 12, 0, 0, TimeSpan.Zero);

    public Dictionary<string, PodsObservation> Pods { get; } = [];

    public List<GateObservation> Gates { get; } = [];

    public EquatableArray<EvidenceRow> Rows { get; set; }

    public RecentAnswers? Recent { get; set; }

    public string? ProviderError { get; set; }

    private int Rollouts { get; set; }

    /// <summary>Release a serves with four pods, and the spec asks for b.</summary>
    public static Scene WithStable()
    {
        var scene = new Scene { State = RolloutState.Initial with { Stable = A, ObservedGeneration = 1 } };
        scene.Ready("s1", 4);
        scene.Ask(B);
        return scene;
    }

    /// <summary>As <see cref="WithStable"/>; b has passed its gate and holds 25 % with one pod.</summary>
    public static Scene WithCandidateAtWeight()
    {
        var scene = WithStable();
        scene.Ready("s2", 1);
        scene.Decide();
        scene.Answer(Verdict.Pass);
        scene.Decide();
        return scene;
    }

    public void Ask(Release? release) => Plan = Plan with { Desired = release, Generation = Plan.Generation + 1 };

    public void Ready(string servingHash, int pods) => Pods[servingHash] = new(servingHash, pods, pods, pods);

    public void Answer(Verdict verdict) =>
        Gates.Add(new("quality", State.Current!.StepIndex, State.Current.AttemptOf(State.Current.StepIndex, "quality"), State.Current.Id, verdict, "", $"came to {verdict}"));

    public void Count(long stable, long stableErrors, long candidate, long candidateErrors) =>
        Rows = [new("gateway-1", State.Current!.WeightEpoch, State.Current.WeightPercent, new(stable, stableErrors), new(candidate, candidateErrors))];

    public Observation Observe() => new()
    {
        Pods = Pods.Values.ToEquatableArray(),
        Gates = Gates.ToEquatableArray(),
        Evidence = new(ProviderError, Rows, State.Current?.Id) { RecentAnswers = Recent },
        NewRolloutId = $"{++Rollouts:x8}",
    };

    public Decision Decide()
    {
        var decision = CheckedEngine.Decide(Plan, State, Observe(), Now);
        State = decision.Next;
        return decision;
    }

    public Decision DecideAfter(TimeSpan time)
    {
        Now += time;
        return Decide();
    }
}
