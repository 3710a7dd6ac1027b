using System.Net;

namespace LlmOps.EngineEmulator.Tests;

/// <summary>Exit codes and signals of the real process.</summary>
public sealed class ProcessTests : IDisposable
{
    private readonly string _catalog = Path.GetTempFileName();

    public ProcessTests() => File.WriteAllText(_catalog, """
        [
          {"model": "hf://acme/slow", "revision": "r1", "ttftMs": {"median": 1}, "tpotMs": {"median": 100}},
          {"model": "hf://acme/endless", "ttftMs": {"median": 1}, "tpotMs": {"median": 600000}},
          {"model": "hf://acme/too-big", "crash": "onLoad"},
          {"model": "hf://acme/killed", "crash": "oom"},
          {"model": "hf://acme/loads-for-ever", "loadSeconds": 3600}
        ]
        """);

    public void Dispose() => File.Delete(_catalog);

    [Theory]
    [InlineData(1, "RepositoryNotFoundError", "vllm", "serve", "acme/unknown")]
    [InlineData(1, "RevisionNotFoundError", "vllm", "acme/slow", "--revision", "r2")]
    [InlineData(1, "RepositoryNotFoundError", "tgi", "--model-id", "acme/unknown")]
    [InlineData(2, "unrecognized arguments: --bogus", "vllm", "acme/slow", "--bogus")]
    [InlineData(2, "invalid int value: 'x'", "vllm", "acme/slow", "--port", "x")]
    [InlineData(1, "CUDA out of memory", "vllm", "acme/too-big")]
    [InlineData(137, "", "vllm", "acme/killed")]
    public async Task A_start_that_fails_has_the_engines_exit_code_and_says_why(int code, string error, params string[] arguments)
    {
        using var process = EngineProcessHandle.Start(_catalog, arguments);
        var (exitCode, standardError) = await process.ExitAsync();
        Assert.Equal(code, exitCode);
        Assert.Contains(error, standardError, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_listens_on_the_pods_address_whatever_the_host_argument_says()
    {
        using var process = EngineProcessHandle.Start(_catalog, "vllm", "acme/slow", "--revision", "r1", "--host", "0.0.0.0", "--port", "0");
        var address = await process.AddressAsync;
        Assert.Equal("127.0.0.2", address.Host);
        using var client = new EngineClient(address);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/health")).StatusCode);
        await process.TerminateAsync();
        Assert.Equal(0, (await process.ExitAsync()).Code);
    }

    [Fact]
    public async Task Sigterm_aborts_running_requests_at_once()
    {
        using var process = EngineProcessHandle.Start(_catalog, "vllm", "acme/endless", "--port", "0", "--served-model-name", "m");
        var events = new List<string>();
        await Assert.ThrowsAnyAsync<IOException>(() => StreamAndTerminateAsync(process, events));
        Assert.DoesNotContain("[DONE]", events);
        Assert.Equal(0, (await process.ExitAsync()).Code);
    }

    [Fact]
    public async Task Sigterm_with_shutdown_timeout_lets_running_requests_end()
    {
        using var process = EngineProcessHandle.Start(
            _catalog, "vllm", "acme/slow", "--revision", "r1", "--port", "0", "--served-model-name", "m", "--shutdown-timeout", "25");
        var events = new List<string>();
        await StreamAndTerminateAsync(process, events);
        Assert.Equal("[DONE]", events[^1]);
        Assert.Equal(0, (await process.ExitAsync()).Code);
    }

    [Fact]
    public async Task Sigterm_cuts_what_still_runs_when_the_shutdown_timeout_is_over()
    {
        using var process = EngineProcessHandle.Start(
            _catalog, "vllm", "acme/endless", "--port", "0", "--served-model-name", "m", "--shutdown-timeout", "1");
        await Assert.ThrowsAnyAsync<IOException>(() => StreamAndTerminateAsync(process, []));
        Assert.Equal(0, (await process.ExitAsync()).Code);
    }

    [Fact]
    public async Task Sigterm_while_loading_ends_the_process_at_once()
    {
        using var process = EngineProcessHandle.Start(_catalog, "vllm", "acme/loads-for-ever", "--port", "0");
        await process.LoadingAsync;
        await process.TerminateAsync();
        Assert.Equal(0, (await process.ExitAsync()).Code);
    }

    private static async Task StreamAndTerminateAsync(EngineProcessHandle process, List<string> events)
    {
        using var client = new EngineClient(await process.AddressAsync);
        var body = EngineClient.Chat("one two three");
        body["stream"] = true;
        await foreach (var data in client.StreamAsync("/v1/chat/completions", body))
        {
            events.Add(data);
            if (events.Count == 2)
                await process.TerminateAsync();
        }
    }
}
