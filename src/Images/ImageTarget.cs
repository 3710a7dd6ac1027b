namespace LlmOps.Images;

/// <summary>One image. The Dockerfile's target of the same name says the same; a test compares them.</summary>
/// <param name="Name">Name of the target, and of the repository below <c>llmops/</c>.</param>
/// <param name="Project">Folder of the project.</param>
/// <param name="Program">The file in <c>/app</c> that is run.</param>
/// <param name="Title">For the label <c>org.opencontainers.image.title</c>.</param>
/// <param name="Ports">TCP ports that it listens on.</param>
internal sealed record ImageTarget(string Name, string Project, string Program, string Title, IReadOnlyList<int> Ports)
{
    /// <summary>User and group of every image; not root, and no user of the node.</summary>
    public const int User = 1654;

    public static IReadOnlyList<ImageTarget> All { get; } =
    [
        new("operator", "src/Operator", "LlmOps.Operator", "llmops operator", [8080, 8081]),
        new("gateway", "src/Gateway", "LlmOps.Gateway", "llmops gateway", [8000, 8001]),
        new("evaluator", "src/Evaluator", "LlmOps.Evaluator", "llmops evaluator", []),
        new("emulator", "tests/EngineEmulator", "LlmOps.EngineEmulator", "llmops engine emulator", [8000])
        {
            // The models of the demo, where a mounted catalogue takes their place.
            Files = ["tests/EngineEmulator/catalog/demo.json", "config/samples/data/support-cases.jsonl"],
            Environment = ["EMULATOR_CATALOG=/data/tests/EngineEmulator/catalog/demo.json", "LLMOPS_BIND_ADDRESS=0.0.0.0"],
        },
    ];

    /// <summary>Files of the repository that go below <c>/data</c>, by their paths.</summary>
    public IReadOnlyList<string> Files { get; init; } = [];

    /// <summary>Variables of this image alone.</summary>
    public IReadOnlyList<string> Environment { get; init; } = [];

    /// <summary>Labels of the image, by the OCI's names.</summary>
    /// <param name="version">Version of the product.</param>
    /// <param name="revision">Commit that it was built from.</param>
    public IReadOnlyDictionary<string, string> Labels(string version, string revision) => new SortedDictionary<string, string>(StringComparer.Ordinal)
    {
        ["org.opencontainers.image.title"] = Title,
        ["org.opencontainers.image.version"] = version,
        ["org.opencontainers.image.revision"] = revision,
        ["org.opencontainers.image.licenses"] = "Apache-2.0",
        ["org.opencontainers.image.vendor"] = "llmops.dev",
    };
}
