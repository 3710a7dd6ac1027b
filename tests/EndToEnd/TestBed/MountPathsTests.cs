using LlmOps.LocalCluster.Nodes.Kubelet;
using Xunit;

namespace LlmOps.EndToEnd.TestBed;

public sealed class MountPathsTests
{
    private static readonly MountPaths Paths = new([("/data", "/run/v1"), ("/data/models", "/run/v2"), ("/etc/plan/", "/run/data")]);

    [Theory]
    [InlineData("/data", "/run/v1")]
    [InlineData("/data/x", "/run/v1/x")]
    [InlineData("/data/models/m.gguf", "/run/v2/m.gguf")]
    [InlineData("--plan=/etc/plan/plan.json", "--plan=/run/data/plan.json")]
    [InlineData("/data:/etc/plan", "/run/v1:/run/data")]
    [InlineData("/database", "/database")]
    [InlineData("/var/data", "/var/data")]
    [InlineData("hf://data/x", "hf://data/x")]
    public void Paths_under_a_mount_lead_to_the_folder_of_the_volume(string text, string rewritten) => Assert.Equal(rewritten, Paths.Rewrite(text));

    [Theory]
    [InlineData("$(A)/x", "1/x")]
    [InlineData("$(MISSING)", "$(MISSING)")]
    [InlineData("$$(A)", "$(A)")]
    [InlineData("50$", "50$")]
    public void Variables_are_expanded_as_in_a_pod(string text, string expanded) =>
        Assert.Equal(expanded, ContainerEnvironment.Expand(text, new Dictionary<string, string?> { ["A"] = "1" }));

    [Theory]
    [InlineData("vllm/vllm-openai:v0.18.0", "vllm/vllm-openai")]
    [InlineData("registry:5000/a/b", "registry:5000/a/b")]
    [InlineData("registry:5000/a/b:1@sha256:abc", "registry:5000/a/b")]
    public void Repository_is_the_image_without_tag_and_digest(string image, string repository) => Assert.Equal(repository, ImageCatalog.Repository(image));

    [Fact]
    public void Options_of_a_container_are_replaced_in_both_spellings()
    {
        var program = new ImageProgram
        {
            Executable = "x",
            Arguments = ["serve"],
            ReplaceOptions = new Dictionary<string, IReadOnlyList<string>> { ["--host"] = ["--host", "{podIP}"], ["--drop"] = [] },
        };

        Assert.Equal(["serve", "--host", "127.9.0.1", "--port", "1", "--host", "127.9.0.1"], program.CommandLine(["--host", "0.0.0.0", "--port", "1", "--host=::", "--drop", "y"], "127.9.0.1"));
    }
}
