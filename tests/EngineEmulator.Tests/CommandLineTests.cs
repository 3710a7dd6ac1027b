using LlmOps.EngineEmulator.CommandLine;

namespace LlmOps.EngineEmulator.Tests;

public sealed class CommandLineTests
{
    [Fact]
    public void Vllm_arguments_of_a_deployment_are_read()
    {
        var command = Parse("vllm", "serve", "acme/support-7b", "--revision", "v2", "--served-model-name", "support", "acme", "--port=8000",
            "--host", "0.0.0.0", "--max-model-len", "16k", "--max_num_seqs", "32", "--shutdown-timeout", "40", "--tensor-parallel-size", "2",
            "--enable-prefix-caching", "--no-enable-chunked-prefill", "--compilation-config.level", "3", "--api-key", "k");
        Assert.Equal(EngineKind.Vllm, command.Engine);
        Assert.Equal("acme/support-7b", command.Model);
        Assert.Equal("v2", command.Revision);
        Assert.Equal(["support", "acme"], command.ServedNames);
        Assert.Equal(8000, command.Port);
        Assert.Equal(16000, command.MaxModelLen);
        Assert.Equal(32, command.MaxNumSeqs);
        Assert.Equal(TimeSpan.FromSeconds(40), command.ShutdownTimeout);
        Assert.Equal("k", command.ApiKey);
    }

    [Fact]
    public void Model_may_be_a_flag_and_names_itself()
    {
        var command = Parse("vllm", "--model", "acme/support-7b");
        Assert.Equal("acme/support-7b", command.Model);
        Assert.Equal(["acme/support-7b"], command.ServedNames);
        Assert.Equal(8000, command.Port);
        Assert.Equal(TimeSpan.Zero, command.ShutdownTimeout);
    }

    [Fact]
    public void Adapters_are_served_under_their_names() =>
        Assert.Equal(["m", "fr", "de"], Parse("vllm", "m", "--enable-lora", "--lora-modules", "fr=acme/fr", "de=acme/de").ServedNames);

    [Fact]
    public void Tgi_arguments_are_read()
    {
        var command = Parse("tgi", "--model-id", "acme/support-7b", "--revision", "v1", "--num-shard", "2", "--port", "8080",
            "--max-total-tokens", "2048", "--max-concurrent-requests", "7", "--trust-remote-code", "--sharded", "true", "--json-output");
        Assert.Equal(EngineKind.Tgi, command.Engine);
        Assert.Equal("acme/support-7b", command.Model);
        Assert.Equal(8080, command.Port);
        Assert.Equal(2048, command.MaxModelLen);
        Assert.Equal(7, command.MaxConcurrentRequests);
    }

    [Theory]
    [InlineData("vllm", "VLLM_API_KEY")]
    [InlineData("tgi", "API_KEY")]
    public void A_key_comes_by_environment_and_the_argument_is_stronger(string engine, string variable)
    {
        Assert.Equal("e", EngineCommand.Parse([engine], name => name == variable ? "e" : null).ApiKey);
        Assert.Equal("a", EngineCommand.Parse([engine, "--api-key", "a"], name => name == variable ? "e" : null).ApiKey);
    }

    [Theory]
    [InlineData("unrecognized arguments: --bogus", "vllm", "m", "--bogus")]
    [InlineData("unrecognized arguments: --no-port", "vllm", "m", "--no-port")]
    [InlineData("unrecognized arguments: second", "vllm", "m", "second")]
    [InlineData("argument --port: expected one argument", "vllm", "m", "--port", "--host")]
    [InlineData("unrecognized arguments: --served-model-name", "tgi", "--served-model-name")]
    [InlineData("expected `vllm", "ollama")]
    public void What_the_engine_refuses_is_refused(string message, params string[] arguments) =>
        Assert.Contains(message, Assert.Throws<CommandLineException>(() => Parse(arguments)).Message, StringComparison.Ordinal);

    private static EngineCommand Parse(params string[] arguments) => EngineCommand.Parse(arguments, _ => null);
}
