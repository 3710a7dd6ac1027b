namespace LlmOps.Rollouts.Tests.Timelines;

/// <summary>A story of a rollout: what the spec says, what is seen, and what must be decided.</summary>
public sealed class Timeline
{
    public string Story { get; set; } = "";

    /// <summary>The spec at the start.</summary>
    public SpecEdit Spec { get; set; } = new();

    /// <summary>One decision each.</summary>
    public List<TimelineEntry> Decisions { get; set; } = [];
}

public sealed class TimelineEntry
{
    /// <summary>Time since the start, such as 90s.</summary>
    public string At { get; set; } = "0s";

    public SpecEdit? Spec { get; set; }

    /// <summary>Actions that people make, named 1, 2 and so on in their order: <c>Approve b</c>, <c>SkipStep b step 1</c>, <c>Abort by alice: too slow</c>. They stay unanswered.</summary>
    public List<string>? Act { get; set; }

    /// <summary>When they were made, where that is not when they are seen.</summary>
    public string? ActedAt { get; set; }

    public Sight? See { get; set; }

    public Expectation Expect { get; set; } = new();
}

/// <summary>Changes of the spec. What is left out stays.</summary>
public sealed class SpecEdit
{
    /// <summary><c>HASH/SERVING/PROMPT</c>; <c>none</c> for a spec that cannot be resolved.</summary>
    public string? Release { get; set; }

    /// <summary><c>gate NAME</c> , <c>mirror 20 for 2m min 20</c> or <c>weight 5 for 2m min 20</c>.</summary>
    public List<string>? Steps { get; set; }

    /// <summary><c>NAME failures 3 fresh 1m</c>; replaces those before.</summary>
    public List<string>? Checks { get; set; }

    /// <summary><c>errors 2%</c> or <c>KEY p95</c>; replaces those before.</summary>
    public List<string>? Limits { get; set; }

    /// <summary>BoundedTime or Proven.</summary>
    public string? Promotion { get; set; }

    public int? Replicas { get; set; }

    public int? GpusPerReplica { get; set; }

    public int? MaxSurgeGpus { get; set; }

    public int? MaxUnavailable { get; set; }

    /// <summary>Auto, Surge, TakeFromStable or Recreate.</summary>
    public string? Capacity { get; set; }

    public bool? AllowDowntime { get; set; }

    /// <summary>By phase of the start: scheduling, imagePull, load, warmUp.</summary>
    public Dictionary<string, string>? Deadlines { get; set; }

    public OnInconclusive? OnInconclusive { get; set; }

    public string? ProgressDeadline { get; set; }

    public string? ScaleDownDelay { get; set; }

    public string? DrainDeadline { get; set; }

    public string? Bake { get; set; }

    public int? BakeWeight { get; set; }

    /// <summary>Whether replicas are an autoscaler's; with <see cref="MaxReplicas"/> as its upper bound.</summary>
    public bool? Autoscaled { get; set; }

    public int? MaxReplicas { get; set; }

    public bool? Paused { get; set; }
}

/// <summary>Facts. What is left out is as it was seen last.</summary>
public sealed class Sight
{
    /// <summary>By serving hash: <c>4</c>, <c>1 of 4</c>, <c>1 of 1 cold</c> (not warmed up), <c>2 listed 1</c> (ready endpoints of the Service), <c>0 of 1 at Load</c>, <c>0 of 1 InsufficientGpus: why</c>, <c>4 answering 12</c> (requests in flight).</summary>
    public Dictionary<string, string>? Pods { get; set; }

    /// <summary><c>s2 0 1 2: why</c>: how many replicas of s2 fit when 0, 1, 2 of stable's are gone.</summary>
    public string? Room { get; set; }

    /// <summary><c>NAME VERDICT: numbers</c>, of the present attempt; a verdict of another name is a reason.</summary>
    public string? Gate { get; set; }

    /// <summary>Counts so far, one row per epoch; replaces what was seen.</summary>
    public List<Traffic>? Traffic { get; set; }

    /// <summary>A split of somebody else: <c>25</c> (in effect), <c>unknown</c>, <c>25 REASON: message</c> (stands in the way), <c>none</c>.</summary>
    public string? Route { get; set; }

    /// <summary>Serving hashes that the route still leads to.</summary>
    public List<string>? Reachable { get; set; }

    /// <summary>Totals of processes, read now: <c>PROCESS stable 100</c>, <c>PROCESS candidate 5 errors 1</c>; replaces what was seen.</summary>
    public List<string>? Counters { get; set; }

    /// <summary>Releases with a snapshot: <c>HASH/SERVING/PROMPT</c>, with <c> : why</c> where it cannot serve again.</summary>
    public List<string>? Known { get; set; }

    /// <summary>Names of actions whose answer was written, so that they are no longer shown to the engine.</summary>
    public List<string>? Answered { get; set; }

    /// <summary>Why the counts cannot be read; empty once they can.</summary>
    public string? TrafficError { get; set; }

    /// <summary>A new sample each: <c>NAME VERDICT: numbers</c>, asked for now, or at another time with <c>NAME VERDICT at 30s: numbers</c>.</summary>
    public List<string>? Checks { get; set; }
}

public sealed class Traffic
{
    public int Epoch { get; set; }

    public int Weight { get; set; }

    /// <summary>The candidate got copies of stable's requests.</summary>
    public bool Mirrored { get; set; }

    public long Stable { get; set; }

    public long Candidate { get; set; }

    public long StableErrors { get; set; }

    public long CandidateErrors { get; set; }

    public long RenderFailures { get; set; }

    public long Unauthorized { get; set; }

    public List<long> StableSlow { get; set; } = [];

    public List<long> CandidateSlow { get; set; } = [];

    public long StableUnits { get; set; }

    public long CandidateUnits { get; set; }

    public List<long> StableSlowOutput { get; set; } = [];

    public List<long> CandidateSlowOutput { get; set; } = [];

    public List<long> StableLong { get; set; } = [];

    public List<long> CandidateLong { get; set; } = [];

    public List<long> StableCostly { get; set; } = [];

    public List<long> CandidateCostly { get; set; } = [];

    public long StableBlocked { get; set; }

    public long CandidateBlocked { get; set; }

    public long StableDisliked { get; set; }

    public long CandidateDisliked { get; set; }

    /// <summary><c>KEY: 3 of 100</c> requests over a limit.</summary>
    public Dictionary<string, string> StableOver { get; set; } = [];

    public Dictionary<string, string> CandidateOver { get; set; } = [];
}

/// <summary>What the decision must say. What is left out is not looked at; <c>none</c> means absent.</summary>
public sealed class Expectation
{
    public string? Phase { get; set; }

    public int? Step { get; set; }

    public int? Weight { get; set; }

    /// <summary>Whether requests may be led to the candidate's pods.</summary>
    public bool? Serves { get; set; }

    /// <summary>Per cent of stable's requests that are copied; 0 while none are.</summary>
    public int? Mirror { get; set; }

    public int? Epoch { get; set; }

    public string? Stable { get; set; }

    public string? Candidate { get; set; }

    public Dictionary<string, int>? Pods { get; set; }

    /// <summary><c>NAME OUTCOME</c> of the newest handled action, or none.</summary>
    public string? Action { get; set; }

    /// <summary>Part of the message of the newest handled action.</summary>
    public string? Answer { get; set; }

    /// <summary><c>NAME #ATTEMPT</c>, several with commas, or none.</summary>
    public string? Gate { get; set; }

    /// <summary><c>PLAN, gave N</c>; with <c>, waits</c> where nothing fits; none.</summary>
    public string? Capacity { get; set; }

    public string? Reason { get; set; }

    /// <summary>Part of the message.</summary>
    public string? Message { get; set; }

    /// <summary>Reasons of all happenings, in order.</summary>
    public List<string>? Tells { get; set; }

    public List<string>? Locked { get; set; }

    /// <summary><c>NAME VERDICT FAILURES</c> as kept.</summary>
    public List<string>? Checks { get; set; }

    /// <summary><c>NAME VERDICT</c> of the recorded verdicts of checks, in order.</summary>
    public List<string>? Verdicts { get; set; }

    /// <summary><c>RELEASE OUTCOME REASON MAXWEIGHT</c>, newest first.</summary>
    public List<string>? History { get; set; }

    public string? Requeue { get; set; }

    public string? Deadline { get; set; }

    /// <summary><c>NAME VERDICT</c> of the verdict that was recorded last.</summary>
    public string? Newest { get; set; }

    /// <summary>As kept, such as 5m; none while it is not known.</summary>
    public string? PredictedWait { get; set; }

    /// <summary>How many times within the present epoch tests have started anew.</summary>
    public int? Onsets { get; set; }

    /// <summary>Whether the state changes.</summary>
    public bool? Writes { get; set; }
}
