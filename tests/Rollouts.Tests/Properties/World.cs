namespace LlmOps.Rollouts.Tests.Properties;

/// <summary>
/// A world around the engine that behaves by chance but not against nature: gates answer when asked, gateways count while there is weight, pods follow their
/// targets or get lost, people edit and act, operators die.
/// </summary>
internal sealed class World
{
    private static readonly (int Weight, string Name, Action<World, Dice> Happen)[] Events =
    [
        (12, "pods follow", (world, _) => world.pods.Follow(world.targets)),
        (3, "pods lag", (world, dice) => world.pods.Lag(world.targets, dice)),
        (4, "pods get lost", (world, dice) => world.pods.Lose(world.State, dice)),
        (8, "gate passes", (world, dice) => world.AnswerGate(Verdict.Pass, dice)),
        (4, "gate answers", (world, dice) => world.AnswerGate((Verdict)dice.Roll(5), dice)),
        (12, "traffic", (world, dice) => world.traffic.Serve(world.State, dice, stableErrors: 0.01, candidateErrors: 0.01)),
        (3, "candidate errs", (world, dice) => world.traffic.Serve(world.State, dice, stableErrors: 0.01, candidateErrors: 0.6)),
        (2, "common outage", (world, dice) => world.traffic.Serve(world.State, dice, stableErrors: 0.7, candidateErrors: 0.7)),
        (1, "candidate is faulty", (world, dice) => world.traffic.Break(world.State, dice)),
        (2, "gateways are silent", (world, dice) => world.traffic.ProviderError = dice.OneIn(3) ? $"gateway-{dice.Roll(2)} does not answer" : null),
        (4, "checks are sampled", (world, dice) => world.Sample(dice, dice.OneIn(3) ? (Verdict)dice.Roll(5) : Verdict.Pass)),
        (3, "checks fail", (world, _) => Array.ForEach(SpecEdits.Checks, name => world.Sample(name, Verdict.Fail))),
        (3, "route moves", (world, dice) => world.route.Move(world.State, dice)),
        (2, "another release", (world, dice) => world.Plan = SpecEdits.Release(world.Plan, dice)),
        (1, "stable's own spec", (world, _) => world.Plan = SpecEdits.Stable(world.Plan, world.State)),
        (2, "pause or resume", (world, dice) => world.Plan = SpecEdits.Pause(world.Plan, dice)),
        (5, "spec edit", (world, dice) => world.Plan = SpecEdits.Any(world.Plan, dice)),
        (2, "autoscaler writes", (world, dice) => world.Plan = SpecEdits.Scale(world.Plan, dice)),
        (3, "room changes", (world, dice) => world.room = dice.Roll(1000)),
        (5, "action", (world, dice) => world.Act(dice)),
        (2, "clock jumps", (world, dice) => world.Now += TimeSpan.FromMinutes(dice.OneIn(2) ? -5 : 5)),
        (2, "a long time", (world, dice) => world.Now += TimeSpan.FromMinutes(10 + dice.Roll(40))),
        (3, "deadline", (world, dice) => world.PassDeadline(dice)),
        (2, "restart", (world, _) => world.Restart()),
    ];

    private static readonly int[] Lots = [.. Events.SelectMany((happening, index) => Enumerable.Repeat(index, happening.Weight))];

    private readonly bool seesRoom;
    private readonly PodCluster pods = new();
    private readonly TrafficCounts traffic = new();
    private readonly Route route;
    private readonly List<GateObservation> gates = [];
    private readonly Dictionary<string, CheckObservation> samples = [];
    private readonly List<RequestedAction> asked = [];
    private EquatableArray<ServingTarget> targets;
    private EquatableArray<GateRequest> evaluations;
    private DateTimeOffset? deadline;
    private int actions;
    private int rollouts;
    private int room;
    private int sampled;

    /// <param name="setup">Chance: what there is at the beginning.</param>
    public World(int setup)
    {
        var dice = new Dice(setup);
        // One world of three knows of no room, as a rollout that an older version began.
        seesRoom = !dice.OneIn(3);
        route = new(exists: dice.OneIn(4));
        room = dice.Roll(1000);
        Plan = SpecEdits.First(dice);
        if (!dice.OneIn(5))
        {
            State = Serving(SpecEdits.Releases[0], before: SpecEdits.Releases[3]);
            targets = [new("s1", Plan.Replicas)];
            pods.Follow(targets);
            Plan = SpecEdits.Release(Plan, dice);
        }
    }

    public RolloutPlan Plan { get; private set; }

    public RolloutState State { get; private set; } = RolloutState.Initial;

    public DateTimeOffset Now { get; private set; } = new(2026, 7, 1, 12, 0, 0, TimeSpan.Zero);

    /// <summary>One event, then one decision; before it, now and then, one that is lost.</summary>
    /// <param name="choice">Chance; any number is an event.</param>
    public IEnumerable<Turn> Play(int choice)
    {
        var dice = new Dice(choice);
        var happening = Events[dice.Pick(Lots)];
        happening.Happen(this, dice);
        Now += TimeSpan.FromSeconds(dice.OneIn(7) ? dice.Roll(400) : dice.Roll(40));
        return dice.OneIn(20) ? [Decide(happening.Name, isLost: true), Decide(happening.Name, isLost: false)] : [Decide(happening.Name, isLost: false)];
    }

    /// <summary>A look at a world in which nothing happens any more but what <paramref name="mood"/> says, at the next time when something is due.</summary>
    public Turn Wait(QuietMood mood)
    {
        if (mood is QuietMood.PodsFollow or QuietMood.AllIsWell)
        {
            pods.Follow(targets);
            route.Follow(State);
        }

        Now = mood == QuietMood.AllIsWell ? Now + TimeSpan.FromMinutes(2) : deadline is { } due && due > Now ? due : Now + TimeSpan.FromMinutes(10);
        if (mood == QuietMood.AllIsWell)
        {
            traffic.ProviderError = null;
            for (var i = 0; i < evaluations.Count; i++)
            {
                AnswerGate(Verdict.Pass, new Dice(i));
            }

            traffic.Serve(State, new Dice(1), 0.01, 0.01);
            Array.ForEach(SpecEdits.Checks, name => Sample(name, Verdict.Pass));
        }

        return Decide($"quiet, {mood}", isLost: false);
    }

    private Turn Decide(string name, bool isLost)
    {
        var observation = Observe();
        var decision = CheckedEngine.Decide(Plan, State, observation, Now);
        var turn = new Turn(name, Plan, State, observation, Now, decision, isLost);
        if (isLost)
        {
            return turn;
        }

        if (decision.Next.Current?.Id != State.Current?.Id)
        {
            rollouts++;
            gates.Clear();
            traffic.Clear();
            samples.Clear();
        }

        (State, targets, evaluations, deadline) = (decision.Next, decision.Pods, decision.Gates, decision.Deadline);
        // Answers are written some time later, and one may be lost with its writer.
        asked.RemoveAll(action => (actions + rollouts) % 3 > 0 && State.Actions.Any(handled => handled.Id == action.Id));
        return turn;
    }

    /// <summary>The next operator knows what is in status, and nothing else.</summary>
    private void Restart()
    {
        var read = StatusOnTheWire.ThereAndBack(Plan, State, targets, deadline, Now);
        Xunit.Assert.Equal(State, read);
        State = read;
    }

    /// <summary>What is waited for does not come in time; as likely as not stable lacks pods by then.</summary>
    private void PassDeadline(Dice dice)
    {
        Now = deadline is { } due && due > Now ? due : Now;
        if (dice.OneIn(2))
        {
            pods.Lose(State, dice);
        }
    }

    /// <summary>A release that took over from another one some hours ago.</summary>
    private RolloutState Serving(Release release, Release before)
    {
        var since = Now - TimeSpan.FromHours(1);
        FinishedRollout Promoted(string id, Release ended) =>
            new(id, ended.Hash, RolloutPhase.Promoted, RolloutReasons.Promoted, "took over", since, since, 100, 1000, Record: $"bot-{id}");
        return new()
        {
            Stable = release,
            Current = new() { Id = "past-2", ReleaseHash = release.Hash, Phase = RolloutPhase.Promoted, StartedAt = since, StepStartedAt = since, FinishedAt = since, Reason = RolloutReasons.Promoted, Message = "took over" },
            History = [Promoted("past-2", release), Promoted("past-1", before)],
            ObservedGeneration = 1,
        };
    }

    private void Act(Dice dice)
    {
        var waits = State.Current?.Reason is RolloutReasons.AwaitingApproval;
        ActionKind[] kinds = waits ? [ActionKind.Approve, ActionKind.Approve, ActionKind.SkipStep, ActionKind.Abort, ActionKind.Promote]
            : State.PausedBy is null ? Enum.GetValues<ActionKind>()
            : [ActionKind.Resume, ActionKind.Resume, ActionKind.Abort, ActionKind.Approve, ActionKind.Rollback];
        var (kind, other) = (dice.Pick(kinds), dice.Pick(SpecEdits.Releases).Hash);
        // Mostly of the release that is there, sometimes of another one, sometimes of none.
        var release = dice.Roll(6) switch
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
        int? step = dice.OneIn(5) ? State.Current?.StepIndex : null;
        actions++;
        asked.Add(new($"uid-{actions}", $"action-{actions}", kind, release, step, "alice", null, Now));
    }

    private void AnswerGate(Verdict verdict, Dice dice)
    {
        var open = evaluations.Where(gate => gates.TrueForAll(known => known.Gate != gate.Gate || known.StepIndex != gate.StepIndex || known.Attempt != gate.Attempt)).ToList();
        if (open.Count > 0)
        {
            var gate = dice.Pick(open);
            gates.Add(new(gate.Gate, gate.StepIndex, gate.Attempt, gate.RolloutId, verdict, "", $"came to {verdict}"));
        }
    }

    private void Sample(Dice dice, Verdict verdict) => Sample(dice.Pick(SpecEdits.Checks), verdict);

    private void Sample(string name, Verdict verdict)
    {
        if (State is { CandidateIsAsked: true, Current: { } rollout })
        {
            samples[name] = new(name, rollout.Id, verdict, $"{++sampled}", Now, $"came to {verdict}");
        }
    }

    private Observation Observe() => new()
    {
        Pods = pods.Seen,
        Gates = gates.ToEquatableArray(),
        Actions = asked.ToEquatableArray(),
        Known = SpecEdits.Releases.Select(release => new KnownRelease(release, release.Hash == "f" ? "its prompt is gone" : null)).ToEquatableArray(),
        Evidence = traffic.Read(State),
        Checks = samples.Values.ToEquatableArray(),
        Traffic = route.Read(State),
        Counters = route.Count(State, Now),
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

/// <summary>How a world goes on when no events come any more.</summary>
internal enum QuietMood
{
    /// <summary>Nothing moves: pods that are not ready never get ready, nobody answers.</summary>
    Frozen,

    /// <summary>Pods and the route do what is asked; there are no requests and no verdicts.</summary>
    PodsFollow,

    /// <summary>Gates and checks pass, and clients send requests that both releases answer alike.</summary>
    AllIsWell,
}
