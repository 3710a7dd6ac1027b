using LlmOps.LocalCluster;

namespace LlmOps.Demo.Stories;

/// <summary>The files that the stories apply: the same that users find in <c>config/samples</c>.</summary>
public static class Samples
{
    public const string Deployment = "support-bot";

    /// <summary>Replicas that every release of the demo asks for.</summary>
    public const int Replicas = 2;

    public static string Root { get; } = Path.Combine(Workspace.Repository, "config", "samples");

    public static string Questions { get; } = Path.Combine(Root, "data", "support-cases.jsonl");

    public static string FirstRelease => Demo("1-first-release.yaml");

    public static string Demo(string file) => Path.Combine(Root, "demo", file);
}
