using Xunit;

namespace LlmOps.Rollouts.Tests.Timelines;

/// <summary>Plays a timeline: edits the spec, collects what is seen, decides, keeps the state, and compares.</summary>
internal sealed class TimelineRunner
{
    public static readonly DateTimeOffset Start = new(2026, 7, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly Dictionary<string, PodsObservation> pods = [];
    private readonly List<GateObservation> gates = [];
    private readonly Dictionary<string, CheckObservation> checks = [];
    private readonly List<RequestedAction> asked = [];
    private EquatableArray<KnownRelease> known;
    private EquatableArray<EvidenceRow> traffic;
    private string? trafficError;
    private CapacityObservation? room;
    private TrafficObservation? route;
    private EquatableArray<CounterReading> counters;
    private RolloutPlan plan = new() { Desired = null, Steps = [], Replicas = 1, Generation = 0 };
    private RolloutState state = RolloutState.Initial;
    private int rollouts;
    private int samples;

    public static void Run(Timeline timeline)
    {
        var runner = new TimelineRunner();
        runner.Edit(timeline.Spec);
        foreach (var (entry, index) in timeline.Decisions.Select((entry, index) => (entry, index)))
        {
            try
            {
                runner.Play(entry);
            }
            catch (Xunit.Sdk.XunitException wrong)
            {
                throw new InvalidOperationException($"decision {index + 1} at {entry.At}: {wrong.Message}\nreason {runner.state.Current?.Reason}: {runner.state.Current?.Message}", wrong);
            }
        }
    }

    private void Play(TimelineEntry entry)
    {
        if (entry.Spec is { } edit)
        {
            Edit(edit);
        }

        foreach (var act in entry.Act ?? [])
        {
            asked.Add(TimelineText.Action(act, $"{asked.Count + 1}", Start + TimelineText.Time(entry.ActedAt ?? entry.At)));
        }

        if (entry.See is { } sight)
        {
            See(sight, Start + TimelineText.Time(entry.At));
        }

        var observation = new Observation
        {
            Pods = pods.Values.ToEquatableArray(),
            Gates = gates.ToEquatableArray(),
            Actions = asked.ToEquatableArray(),
            Known = known,
            Evidence = new(trafficError, traffic, state.Current?.Id),
            Checks = checks.Values.ToEquatableArray(),
            Capacity = room,
            Traffic = route,
            Counters = counters,
            NewRolloutId = $"{rollouts + 1:x8}",
        };
        var before = state;
        var decision = CheckedEngine.Decide(plan, state, observation, Start + TimelineText.Time(entry.At));
        state = decision.Next;
        if (state.Current?.Id != before.Current?.Id)
        {
            rollouts++;
            traffic = [];
        }

        Expectations.Compare(entry.Expect, before, decision);
    }

    private void Edit(SpecEdit edit) => plan = plan with
    {
        Desired = edit.Release is null ? plan.Desired : TimelineText.Release(edit.Release),
        UnresolvedReason = edit.Release == "none" ? "PromptNotFound" : null,
        UnresolvedMessage = edit.Release == "none" ? "there is no PromptVersion of that name" : null,
        Steps = edit.Steps?.Select(TimelineText.Step).ToEquatableArray() ?? plan.Steps,
        Checks = edit.Checks?.Select(TimelineText.Check).ToEquatableArray() ?? plan.Checks,
        Analysis = plan.Analysis with
        {
            Limits = edit.Limits?.Select(TimelineText.Limit).ToEquatableArray() ?? plan.Analysis.Limits,
            Promotion = edit.Promotion is null ? plan.Analysis.Promotion : Enum.Parse<PromotionPolicy>(edit.Promotion),
        },
        Replicas = edit.Replicas ?? plan.Replicas,
        GpusPerReplica = edit.GpusPerReplica ?? plan.GpusPerReplica,
        MaxSurgeGpus = edit.MaxSurgeGpus ?? plan.MaxSurgeGpus,
        OnInconclusive = edit.OnInconclusive ?? plan.OnInconclusive,
        MaxUnavailable = edit.MaxUnavailable ?? plan.MaxUnavailable,
        Capacity = edit.Capacity is null ? plan.Capacity : Enum.Parse<CapacityPlan>(edit.Capacity),
        AllowDowntime = edit.AllowDowntime ?? plan.AllowDowntime,
        StartDeadlines = edit.Deadlines is null ? plan.StartDeadlines : TimelineText.Deadlines(plan.StartDeadlines, edit.Deadlines),
        ProgressDeadline = edit.ProgressDeadline is null ? plan.ProgressDeadline : TimelineText.Time(edit.ProgressDeadline),
        ScaleDownDelay = edit.ScaleDownDelay is null ? plan.ScaleDownDelay : TimelineText.Time(edit.ScaleDownDelay),
        DrainDeadline = edit.DrainDeadline is null ? plan.DrainDeadline : TimelineText.Time(edit.DrainDeadline),
        Bake = edit.Bake is null ? plan.Bake : TimelineText.Time(edit.Bake),
        BakeWeightPercent = edit.BakeWeight ?? plan.BakeWeightPercent,
        IsAutoscaled = edit.Autoscaled ?? plan.IsAutoscaled,
        MaxReplicas = edit.MaxReplicas ?? plan.MaxReplicas,
        Paused = edit.Paused ?? plan.Paused,
        Generation = plan.Generation + 1,
    };

    private void See(Sight sight, DateTimeOffset now)
    {
        foreach (var (hash, text) in sight.Pods ?? [])
        {
            pods[hash] = TimelineText.Pods(hash, text);
        }

        route = sight.Route is null ? route : TimelineText.Route(sight.Route);
        route = sight.Reachable is null ? route : route! with { Reachable = sight.Reachable.ToEquatableArray() };
        counters = sight.Counters is null ? counters : sight.Counters.Select(text => TimelineText.Counter(text, now)).ToEquatableArray();
        room = sight.Room is null ? room : TimelineText.Room(sight.Room);
        if (sight.Gate is { } gateText)
        {
            var (gate, verdict, reason, message) = TimelineText.Gate(gateText);
            var current = state.Current ?? throw new InvalidOperationException("a gate is seen, and no rollout runs");
            var attempt = current.AttemptOf(current.StepIndex, gate);
            gates.RemoveAll(seen => seen.Gate == gate && seen.StepIndex == current.StepIndex && seen.Attempt == attempt && seen.RolloutId == current.Id);
            gates.Add(new(gate, current.StepIndex, attempt, current.Id, verdict, reason, message));
        }

        foreach (var text in sight.Checks ?? [])
        {
            var (name, verdict, at, message) = TimelineText.Sample(text);
            checks[name] = new(name, state.Current!.Id, verdict, $"{++samples}", at is { } time ? Start + time : now, message);
        }

        traffic = sight.Traffic?.Select(Row).ToEquatableArray() ?? traffic;
        known = sight.Known?.Select(TimelineText.Known).ToEquatableArray() ?? known;
        if (sight.Answered is { } answered)
        {
            asked.RemoveAll(action => answered.Contains(action.Name));
        }

        trafficError = sight.TrafficError is null ? trafficError : sight.TrafficError.Length == 0 ? null : sight.TrafficError;
    }

    private static EvidenceRow Row(Traffic traffic) => new(
        "gateway-1",
        traffic.Epoch,
        traffic.Weight,
        new(traffic.Stable, traffic.StableErrors, traffic.StableSlow.ToEquatableArray())
        {
            Units = traffic.StableUnits,
            SlowTimePerOutputToken = traffic.StableSlowOutput.ToEquatableArray(),
            LongOutput = traffic.StableLong.ToEquatableArray(),
            Costly = traffic.StableCostly.ToEquatableArray(),
            Blocked = traffic.StableBlocked,
            NegativeFeedback = traffic.StableDisliked,
            OverLimit = TimelineText.Over(traffic.StableOver),
        },
        new(traffic.Candidate, traffic.CandidateErrors, traffic.CandidateSlow.ToEquatableArray())
        {
            Units = traffic.CandidateUnits,
            SlowTimePerOutputToken = traffic.CandidateSlowOutput.ToEquatableArray(),
            LongOutput = traffic.CandidateLong.ToEquatableArray(),
            Costly = traffic.CandidateCostly.ToEquatableArray(),
            Blocked = traffic.CandidateBlocked,
            NegativeFeedback = traffic.CandidateDisliked,
            OverLimit = TimelineText.Over(traffic.CandidateOver),
            RenderFailures = traffic.RenderFailures,
            Unauthorized = traffic.Unauthorized,
        })
    { Mirrored = traffic.Mirrored };
}
