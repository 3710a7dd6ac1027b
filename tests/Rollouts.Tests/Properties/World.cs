namespace LlmOps.Rollouts.Tests.Properties;

/// <summary>A world around the engine that behaves by chance but not against nature: gates answer when asked, gateways count while there is weight, pods follow their targets.</summary>
internal sealed class World(bool seesRoom)
{
    private static readonly Release[] Releases =
    [
        new("a", "s1", "p1"), new("b", "s2", "p1"), new("c", "s1", "p2"), new("d", "s3", "p2"), new("e", "s2", "p2"), new("f", "s4", "p1"),
    ];

    private static readonly EquatableArray<Step>[] StepLists =
    [
        [new GateStep("quality"), new WeightStep(5, TimeSpan.FromMinutes(1), 10), new WeightStep(50, TimeSpan.FromMinutes(2), 0)],
        [new WeightStep(25, TimeSpan.FromMinutes(1), 10), new GateStep("safety"), new WeightStep(100, TimeSpan.Zero, 10)],
        [new GateStep("quality"), new GateStep("safety")],
        [new MirrorStep(new(20, 8), TimeSpan.FromMinutes(1), 10), new GateStep("quality"), new WeightStep(50, TimeSpan.FromMinutes(1), 0)],
        [new WeightStep(10, TimeSpan.FromSeconds(30), 0)],
        [new GateStep(["quality", "safety"]), new WeightStep(10, TimeSpan.FromSeconds(30), 0), new ApproveStep(TimeSpan.FromMinutes(5)), new GateStep("late"), new WeightStep(50, TimeSpan.FromMinutes(1), 10)],
        [],
    ];

    private readonly Dictionary<string, PodsObservation> pods = [];
    private readonly List<GateObservation> gates = [];
    private readonly Dictionary<(string Process, int Epoch), EvidenceRow> counts = [];
    private readonly Dictionary<string, CheckObservation> samples = [];
    private readonly List<RequestedAction> asked = [];
    private string? providerError;
    private int actions;
    private int rollouts;
    private int room;
    private int sampled;

    public RolloutPlan Plan { get; private set; } = new() { Desired = Releases[0], Steps = StepLists[0], Replicas = 4, Generation = 1, ProgressDeadline = TimeSpan.FromMinutes(20), Bake = TimeSpan.FromMinutes(1) };

    public RolloutState State { get; private set; } = RolloutState.Initial;

    public DateTimeOffset Now { get; private set; } = new(2026, 7, 1, 12, 0, 0, TimeSpan.Zero);

    private Decision? Last { get; set; }

    /// <summary>One event, then one decision.</summary>
    /// <param name="choice">Chance; any number is an event.</param>
    public Turn Play(int choice)
    {
        Happen((choice & int.MaxValue) % 18, (choice & int.MaxValue) / 18);
        var observation = Observe();
        var decision = CheckedEngine.Decide(Plan, State, observation, Now);
        var turn = new Turn(Plan, State, observation, Now, decision);
        if (decision.Next.Current?.Id != State.Current?.Id)
        {
            rollouts++;
            gates.Clear();
            counts.Clear();
            samples.Clear();
        }

        (State, Last) = (decision.Next, decision);
        // Answers are written some time later, and one may be lost with its writer.
        asked.RemoveAll(action => choice % 3 > 0 && State.Actions.Any(handled => handled.Id == action.Id));
        return turn;
    }

    private void Happen(int kind, int chance)
    {
        switch (kind)
        {
            case 0 or 1 or 2: FollowTargets(missing: 0); break;
            case 3: FollowTargets(missing: chance % 3); break;
            case 4 or 5: AnswerGate(Verdict.Pass, chance); break;
            case 6: AnswerGate((Verdict)(chance % 5), chance / 5); break;
            case 7 or 8 or 9: Serve(chance); break;
            case 10: providerError = chance % 3 == 0 ? $"gateway-{chance % 2} does not answer" : null; break;
            case 11: Edit(Plan with { Desired = chance % 8 == 7 ? null : Releases[chance % Releases.Length] }); break;
            case 12: Edit(chance % 4 == 0 ? Plan with { Paused = !Plan.Paused } : Plan with { Paused = false }); break;
            case 13: Edit(Change(chance)); break;
            case 14: Sample(chance); break;
            case 15 when chance % 10 > 1: Act(chance / 10); break;
            case 16: LosePods(chance); break;
            case 17: room = chance % 1000; break;
            default: break;
        }

        Now += kind == 15 && chance % 10 == 0 ? TimeSpan.FromMinutes(-5) : TimeSpan.FromSeconds(chance % 7 == 0 ? chance % 400 : chance % 40);
    }

    private RolloutPlan Change(int chance) => (chance % 6) switch
    {
        5 => Plan with { OnInconclusive = (OnInconclusive)(chance / 6 % 2) },
        4 => Plan with { Checks = chance % 2 == 0 ? [] : [new("latency", 1 + (chance / 5 % 3), TimeSpan.FromMinutes(5)), new("queue", 2, TimeSpan.FromMinutes(1))] },
        0 => Plan with { Steps = StepLists[chance / 4 % StepLists.Length] },
        1 => Plan with { Replicas = chance / 4 % 6 },
        2 when chance % 3 == 0 => Plan with { Bake = TimeSpan.FromMinutes(chance / 12 % 3), BakeWeightPercent = 1 + (chance / 36 % 100), DrainDeadline = TimeSpan.FromMinutes(chance / 12 % 2) },
        2 => Plan with { GpusPerReplica = 2, MaxSurgeGpus = chance / 4 % 9, MaxUnavailable = chance / 40 % 3 },
        3 when chance % 3 == 0 => Plan with { IsAutoscaled = !Plan.IsAutoscaled, MaxReplicas = chance / 12 % 2 == 0 ? null : 4 },
        3 when chance % 3 == 1 => Plan with { AllowDowntime = chance / 12 % 2 == 0, Capacity = (CapacityPlan)(chance / 24 % 4) },
        _ => Plan with { MaxSurgeGpus = null, MaxUnavailable = null, GpusPerReplica = 2 },
    };

    private void Edit(RolloutPlan plan) => Plan = plan with { Generation = Plan.Generation + 1 };

    private void FollowTargets(int missing)
    {
        var targets = Last?.Pods ?? [];
        foreach (var hash in pods.Keys.Except(targets.Select(target => target.ServingHash)).ToList())
        {
            pods.Remove(hash);
        }

        foreach (var target in targets)
        {
            var ready = Math.Max(0, target.Replicas - missing);
            pods[target.ServingHash] = new(target.ServingHash, target.Replicas, ready, missing == 1 ? 0 : ready);
        }
    }

    /// <summary>Pods of one serving hash are gone, or tell how much they still answer.</summary>
    private void LosePods(int chance)
    {
        if (pods.Count > 0)
        {
            var hit = pods.Values.OrderBy(seen => seen.ServingHash, StringComparer.Ordinal).ElementAt(chance % pods.Count);
            var ready = hit.Ready * (chance / 7 % 4) / 3;
            pods[hit.ServingHash] = hit with { Ready = ready, WarmedUp = ready, InFlight = chance / 28 % 3 };
        }
    }

    /// <summary>Somebody asks for something: mostly of the release that is there, sometimes of another one, sometimes of none.</summary>
    private void Act(int chance)
    {
        ActionKind[] kinds = State.PausedBy is null ? Enum.GetValues<ActionKind>() : [ActionKind.Resume, ActionKind.Resume, ActionKind.Abort, ActionKind.Approve, ActionKind.Rollback];
        var (kind, other) = (kinds[chance % kinds.Length], Releases[chance / 8 % Releases.Length].Hash);
        var release = (chance / 8 % 4) switch
        {
            0 => other,
            1 when kind is ActionKind.Pause or ActionKind.Abort or ActionKind.Retry => null,
            _ => kind switch
            {
                ActionKind.Rollback => State.History.FirstOrDefault(ended => ended.Outcome == RolloutPhase.Promoted && ended.ReleaseHash != State.Stable?.Hash)?.ReleaseHash ?? other,
                ActionKind.Retry => Plan.Desired?.Hash,
                _ => State.Candidate?.Hash ?? other,
            },
        };
        int? step = chance % 5 == 0 ? State.Current?.StepIndex : null;
        actions++;
        asked.Add(new($"uid-{actions}", $"action-{actions}", kind, release, step, "alice", null, Now));
    }

    private void AnswerGate(Verdict verdict, int chance)
    {
        var open = Last?.Gates.Where(asked => gates.TrueForAll(gate => gate.Gate != asked.Gate || gate.StepIndex != asked.StepIndex || gate.Attempt != asked.Attempt)).ToList();
        if (open is { Count: > 0 } && open[chance % open.Count] is var asked)
        {
            gates.Add(new(asked.Gate, asked.StepIndex, asked.Attempt, asked.RolloutId, verdict, "", $"came to {verdict}"));
        }
    }

    private void Sample(int chance)
    {
        if (State is { CandidateWeightPercent: > 0, Current: { } rollout })
        {
            var name = chance % 2 == 0 ? "latency" : "queue";
            var verdict = chance % 3 == 0 ? (Verdict)(chance / 6 % 5) : Verdict.Pass;
            samples[name] = new(name, rollout.Id, verdict, $"{++sampled}", Now, $"came to {verdict} with {chance}");
        }
    }

    private void Serve(int chance)
    {
        var isMirrored = State.Mirror is not null;
        if (State is not { CandidateWeightPercent: var weight, Current.WeightEpoch: var epoch } || (weight == 0 && !isMirrored))
        {
            return;
        }

        var key = ($"gateway-{chance % 2}", epoch);
        var row = counts.GetValueOrDefault(key) ?? new(key.Item1, epoch, weight, TrackCounts.None, TrackCounts.None) { Mirrored = isMirrored };
        var errors = chance % 11 == 0 ? 5 : 0;
        counts[key] = row with
        {
            Stable = Add(row.Stable, isMirrored ? 200 : 10 * (100 - weight), errors: 1),
            Candidate = Add(row.Candidate, isMirrored ? 200 : 10 * weight, errors) with
            {
                RenderFailures = row.Candidate.RenderFailures + (chance % 211 == 0 ? 1 : 0),
                Unauthorized = row.Candidate.Unauthorized + (chance % 223 == 0 ? 1 : 0),
            },
        };
    }

    private static TrackCounts Add(TrackCounts counts, long requests, long errors) => new(counts.Requests + requests, counts.Errors + errors);

    private Observation Observe() => new()
    {
        Pods = pods.Values.ToEquatableArray(),
        Gates = gates.ToEquatableArray(),
        Actions = asked.ToEquatableArray(),
        Known = Releases.Select(release => new KnownRelease(release, release.Hash == "f" ? "its prompt is gone" : null)).ToEquatableArray(),
        Evidence = new(providerError, counts.Values.ToEquatableArray(), State.Current?.Id),
        Checks = samples.Values.ToEquatableArray(),
        Capacity = seesRoom && Plan.Desired is { } desired ? Room(desired) : null,
        NewRolloutId = $"{rollouts + 1:x8}",
    };

    /// <summary>Room that grows as stable gives: none, one for each, one for every second; free at first for up to five.</summary>
    private CapacityObservation Room(Release release)
    {
        var (free, gain, wanted) = (room % 6 == 5 ? 20 : room % 6, room / 6 % 3, Math.Max(1, Plan.Replicas));
        return new(release.ServingHash, Enumerable.Range(0, Plan.Replicas + 1).Select(given => Math.Min(wanted, free + (gain == 0 ? 0 : given / gain))).ToEquatableArray(), $"room {room}");
    }
}

/// <summary>One decision and what it was made on.</summary>
internal sealed record Turn(RolloutPlan Plan, RolloutState Before, Observation Observation, DateTimeOffset Now, Decision Decision)
{
    public RolloutState After => Decision.Next;

    /// <summary>Whether the rollout of before is the one of after.</summary>
    public bool IsSameRollout => Before.Current is not null && Before.Current.Id == After.Current?.Id;

    /// <summary>The action that this decision handled; null where it handled none.</summary>
    public HandledAction? Handled => After.Actions.Count > 0 && !Before.Actions.Contains(After.Actions[^1]) ? After.Actions[^1] : null;

    public bool Did(params ReadOnlySpan<ActionKind> kinds) => Handled is { Outcome: ActionOutcome.Applied } handled && kinds.Contains(handled.Kind);

    public PodsObservation PodsOf(Release release) =>
        Observation.Pods.FirstOrDefault(pods => pods.ServingHash == release.ServingHash) ?? new(release.ServingHash, 0, 0, 0);

    public int TargetOf(Release release) => Decision.Pods.FirstOrDefault(target => target.ServingHash == release.ServingHash)?.Replicas ?? 0;
}
