using LlmOps.Api;
using LlmOps.Demo.Cluster;
using LlmOps.Demo.Load;

namespace LlmOps.Demo.Stories;

/// <summary>What a story has to work with.</summary>
public sealed record Stage
{
    public required Kubectl Kubectl { get; init; }

    public required string Namespace { get; init; }

    public required DeploymentRecorder Recorder { get; init; }

    /// <summary>The users.</summary>
    public required LoadClient Load { get; init; }

    /// <summary>Admin addresses of the gateway's replicas.</summary>
    public required IReadOnlyList<Uri> GatewayAdmins { get; init; }

    public required TimeProvider Time { get; init; }
}

/// <summary>How a story ended.</summary>
/// <param name="Story">Its title.</param>
/// <param name="Release">The release that it tried; null where none was seen.</param>
/// <param name="Expected">How it must end.</param>
/// <param name="Actual">How it ended.</param>
/// <param name="Problems">What was not as it must be; empty where all was.</param>
/// <param name="Facts">Numbers worth telling.</param>
public sealed record StoryOutcome(string Story, string? Release, string Expected, string Actual, IReadOnlyList<string> Problems, IReadOnlyList<string> Facts)
{
    public bool Succeeded => Problems.Count == 0;
}

/// <summary>One release applied to a cluster with users on it, and how it must end.</summary>
public abstract class Story
{
    /// <summary>Longest time that one story may take.</summary>
    protected static readonly TimeSpan Limit = TimeSpan.FromMinutes(3);

    public static IReadOnlyList<Story> All { get; } = [new BetterModel(), new WorseModel(), new UnstableModel(), new BetterPrompt()];

    public abstract string Title { get; }

    /// <summary>Files of <c>config/samples/demo</c> to apply, in order.</summary>
    public abstract IReadOnlyList<string> Manifests { get; }

    /// <summary>File of <c>config/samples/demo</c> that must serve before, where the story is played by itself.</summary>
    public virtual string StartsFrom => "1-first-release.yaml";

    protected abstract string Expected { get; }

    /// <summary>Applies the manifests, waits for the end, and judges it. An exception means that no end was reached.</summary>
    public async Task<StoryOutcome> PlayAsync(Stage stage, CancellationToken ct)
    {
        var before = stage.Recorder.Latest?.Status ?? throw new InvalidOperationException("nothing serves yet");
        var started = stage.Time.GetUtcNow();
        var failuresBefore = stage.Load.Statistics.Failures.Count;
        foreach (var manifest in Manifests)
            await stage.Kubectl.ApplyAsync(Samples.Demo(manifest), stage.Namespace, ct);

        var report = new Report();
        var rollout = await FollowAsync(stage, before, started, report, ct);
        var lost = stage.Load.Statistics.Failures.Skip(failuresBefore).ToList();
        report.Require(lost.Count == 0, $"{lost.Count} user requests failed, the first with: {lost.FirstOrDefault()?.Failure}");
        report.Fact($"{lost.Count} user requests failed");
        return new(Title, rollout.Release, Expected, rollout.Phase, report.Problems, report.Facts);
    }

    protected abstract Task<RolloutStatus> FollowAsync(Stage stage, LlmDeploymentStatus before, DateTimeOffset started, Report report, CancellationToken ct);

    /// <summary>Waits until the rollout of a new release has ended.</summary>
    protected static async Task<Sighting> EndAsync(Stage stage, LlmDeploymentStatus before, CancellationToken ct) =>
        await stage.Recorder.WaitAsync(
            "the rollout to end",
            s => s.Rollout is { } r && r.Id != before.Rollout?.Id && s.Candidate is null && r.Phase is "Promoted" or "Reverted" or "Superseded",
            Limit,
            ct);

    /// <summary>Weights that the candidate had, in the order in which they were first seen.</summary>
    protected static IReadOnlyList<int> WeightsSeen(Stage stage, DateTimeOffset since, string release) =>
        [.. stage.Recorder.Since(since).Where(s => s.Status?.Candidate?.Release == release).Select(s => s.Status!.Candidate!.Weight).Distinct()];

    /// <summary>What was asked and whether it held.</summary>
    protected sealed class Report
    {
        private readonly List<string> problems = [];
        private readonly List<string> facts = [];

        public IReadOnlyList<string> Problems => problems;

        public IReadOnlyList<string> Facts => facts;

        public void Require(bool holds, string otherwise)
        {
            if (!holds)
                problems.Add(otherwise);
        }

        public void Fact(string fact) => facts.Add(fact);
    }
}
