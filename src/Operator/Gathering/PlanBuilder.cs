using LlmOps.Api;
using LlmOps.Evidence;
using LlmOps.Operator.Engines;
using LlmOps.Operator.Gathering.Checks;
using LlmOps.Operator.Resources;
using LlmOps.Rollouts;

namespace LlmOps.Operator.Gathering;

/// <summary>What a spec asks for, resolved.</summary>
/// <param name="Plan">For the rollout engine.</param>
/// <param name="Desired">The release of the spec; null while it cannot be resolved, and then the plan says why.</param>
/// <param name="Warnings">What in the spec has no effect, in sentences.</param>
internal sealed record ResolvedSpec(RolloutPlan Plan, DesiredRelease? Desired, IReadOnlyList<string> Warnings);

/// <summary>The release of a spec with all that is needed to start it.</summary>
internal sealed record DesiredRelease(ReleaseHashes Hashes, ReleaseRecord Record);

/// <summary>From a spec (and the prompt it names) to a plan. Pure.</summary>
internal static class PlanBuilder
{
    /// <param name="prompt">The PromptVersion that the spec names; null where there is none of that name.</param>
    public static ResolvedSpec Build(LlmDeployment deployment, PromptVersion? prompt)
    {
        var spec = deployment.Spec;
        var (desired, problem) = Resolve(deployment, prompt);
        var rollout = spec.Rollout;
        var plan = new RolloutPlan
        {
            Desired = desired is null ? null : new Release(desired.Hashes.Release, desired.Hashes.Serving, desired.Hashes.Prompt),
            UnresolvedReason = problem?.Reason,
            UnresolvedMessage = problem?.Message,
            Steps = (rollout?.Steps ?? Defaults.Steps).Select(Step).ToEquatableArray(),
            Analysis = AnalysisReading.Of(rollout?.Analysis ?? new()),
            Checks = CheckBuilder.Plan(spec),
            Replicas = ScalingResources.TotalReplicas(spec),
            IsAutoscaled = spec.Autoscaling is not null,
            MaxReplicas = spec.Autoscaling?.Max,
            GpusPerReplica = spec.Resources.GpuCount(),
            MaxSurgeGpus = rollout?.Capacity?.MaxSurgeGpus,
            MaxUnavailable = rollout?.Capacity?.MaxUnavailable,
            Capacity = Enum.TryParse<CapacityPlan>(rollout?.Capacity?.Plan, out var wish) ? wish : CapacityPlan.Auto,
            AllowDowntime = rollout?.Capacity?.AllowDowntime ?? false,
            StartDeadlines = new(
                rollout?.Deadlines?.Scheduling ?? Defaults.SchedulingDeadline,
                rollout?.Deadlines?.ImagePull ?? Defaults.ImagePullDeadline,
                rollout?.Deadlines?.Load ?? spec.Engine.StartupDeadline ?? Defaults.StartupDeadline,
                rollout?.Deadlines?.WarmUp ?? Defaults.WarmUpDeadline),
            OnInconclusive = rollout?.OnInconclusive == InconclusivePolicies.Hold ? OnInconclusive.Hold : OnInconclusive.Revert,
            ProgressDeadline = rollout?.ProgressDeadline ?? Defaults.ProgressDeadline,
            Bake = rollout?.Bake ?? TimeSpan.Zero,
            BakeWeightPercent = rollout?.BakeWeight ?? Defaults.BakeWeight,
            ScaleDownDelay = rollout?.ScaleDownDelay ?? Defaults.ScaleDownDelay,
            DrainDeadline = TimeSpan.FromSeconds(spec.Engine.DrainSeconds ?? Defaults.DrainSeconds),
            Paused = rollout?.Paused ?? false,
            Generation = deployment.Metadata.Generation ?? 0,
        };
        var warnings = EngineCatalog.Find(spec.Engine.Type) is { } engine ? ScalingResources.Problems(spec, engine).ToList() : [];
        return new(plan, desired, warnings);
    }

    private static Step Step(RolloutStep step) => step switch
    {
        _ when step.AllGates().ToEquatableArray() is { Count: > 0 } gates => new GateStep(gates),
        { Approve: { } approve } => new ApproveStep(approve.Timeout ?? Defaults.ApproveTimeout),
        { Mirror: { } mirror } => new MirrorStep(new(mirror.Percent, mirror.MaxConcurrent ?? Defaults.MirrorConcurrency), step.Hold ?? Defaults.Hold, step.MinRequests ?? Defaults.MinRequests),
        _ => new WeightStep(step.Weight ?? 100, step.Hold ?? Defaults.Hold, step.MinRequests ?? Defaults.MinRequests),
    };

    private static (DesiredRelease? Desired, Problem? Problem) Resolve(LlmDeployment deployment, PromptVersion? prompt)
    {
        var (name, spec) = (deployment.Metadata.Name!, deployment.Spec);
        if (EngineCatalog.Find(spec.Engine.Type) is not { } engine)
            return (null, new(Reasons.UnsupportedEngineSetting, $"there is no engine {spec.Engine.Type}: use one of {EngineCatalog.Types}"));
        if (PromptProblem(spec, prompt) is { } problem)
            return (null, problem);

        var outcome = engine.Build(new EngineInput(name, spec.Model, spec.Engine, spec.Resources));
        if (outcome.Container is null)
            return (null, new(Reasons.UnsupportedEngineSetting, string.Join("; ", outcome.Problems)));
        var snapshot = ReleaseSnapshot.Of(
            name,
            spec with { Model = spec.Model with { ServedName = engine.ServedName(name, spec.Model) } },
            engine.DefaultImage(spec.Resources),
            prompt is null ? null : PromptContent.Hash(prompt.Spec));
        var hashes = ReleaseHashing.Compute(snapshot);
        var template = PodTemplateBuilder.Build(name, hashes.Serving, snapshot, engine, outcome.Container);
        return (new DesiredRelease(hashes, new ReleaseRecord(snapshot, template)), null);
    }

    private static Problem? PromptProblem(LlmDeploymentSpec spec, PromptVersion? prompt)
    {
        if (spec.Prompt is not { } reference)
            return null;
        if (prompt is null || prompt.Metadata.DeletionTimestamp is not null)
        {
            return new(Reasons.PromptNotFound, $"PromptVersion {reference.Name} {(prompt is null ? "does not exist" : "is being deleted")}: create it, or name another one in spec.prompt");
        }

        return PromptValidation.Check(prompt.Spec).Problems is { Count: > 0 } problems
            ? new(Reasons.PromptInvalid, $"PromptVersion {reference.Name} cannot be used: {string.Join("; ", problems)}. Create a corrected version and name it in spec.prompt")
            : null;
    }
}
