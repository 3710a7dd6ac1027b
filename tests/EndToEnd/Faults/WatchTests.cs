using LlmOps.Api;
using Xunit;
using Xunit.Abstractions;

namespace LlmOps.EndToEnd.Faults;

/// <summary>Watches on the real API server go wrong every 0.7 s while a prompt is promoted: nothing is lost, nothing is made twice, and the server is not asked without end.</summary>
[Collection(FaultGroup.Name)]
public sealed class WatchTests(FaultBed bed, ITestOutputHelper output)
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(700);
    private static readonly RolloutStep[] Steps = [new() { Weight = 25, Hold = TimeSpan.FromSeconds(1.5), MinRequests = 1 }, new() { Weight = 50, Hold = TimeSpan.FromSeconds(1.5), MinRequests = 1 }];

    private static readonly Dictionary<string, Action<ApiProxy>> Faults = new()
    {
        ["abrupt close"] = proxy => proxy.CutWatches(),
        ["410"] = proxy => proxy.WriteToWatches("""{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"too old resource version","reason":"Expired","code":410}}"""),
        ["corrupt line"] = proxy => proxy.WriteToWatches("""{"type":"MODIFIED","object":{"kin"""),
        ["every other one never answered"] = proxy => proxy.CutWatches(),
    };

    [RealApiServerFact]
    public Task Watches_that_are_cut() => CheckAsync("abrupt close");

    [RealApiServerFact]
    public Task Watches_that_expire() => CheckAsync("410");

    [RealApiServerFact]
    public Task Watches_with_half_a_line() => CheckAsync("corrupt line");

    [RealApiServerFact]
    public Task Watches_that_are_never_answered() => CheckAsync("every other one never answered");

    private async Task CheckAsync(string fault)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(4));
        var ct = limit.Token;
        var scene = await bed.SceneAsync(ct);
        await using var only = await ProxiedOperator.StartAsync(bed, scene.Namespace);
        // Makes up for whatever the test before left, and fills the caches.
        await PlayAsync(scene, ct);
        var opened = 0;
        if (fault.EndsWith("never answered", StringComparison.Ordinal))
            only.Proxy.Hangs = () => Interlocked.Increment(ref opened) % 2 == 1;
        var (asked, created, start) = (only.Proxy.Requests.Count, Created(only.Proxy), TimeProvider.System.GetTimestamp());
        await using (TimeProvider.System.CreateTimer(_ => Faults[fault](only.Proxy), null, Every, Every))
            await PlayAsync(scene, ct);
        only.Proxy.Hangs = () => false;

        var took = TimeProvider.System.GetElapsedTime(start);
        asked = only.Proxy.Requests.Count - asked;
        output.WriteLine($"{fault}: {asked} requests in {took.TotalSeconds:0.0} s");
        Assert.Equal(2, Created(only.Proxy) - created);
        // A watch and a list for each of the caches and each time; waits that grow make it much less.
        Assert.InRange(asked, 1, 100 + (int)(2 * Caches(only.Proxy) * (1 + (took / Every))));
    }

    private static async Task PlayAsync(FaultScene scene, CancellationToken ct)
    {
        var prompt = await scene.TryPromptAsync(Steps, ct);
        var tried = await scene.UntilAsync($"{prompt} to be tried", s => s.Candidate?.Prompt == prompt, ct);
        Assert.Equal("Promoted", (await scene.UntilEndedAsync(tried.Rollout!.Id, ct)).Outcome);
        Assert.Equal(prompt, scene.Status.Stable!.Prompt);
    }

    /// <summary>Objects that were made: a snapshot and a record for each rollout.</summary>
    private static int Created(ApiProxy proxy) => proxy.Writes.Count(write => write.Method == "POST" || write.Path.Contains("/controllerrevisions/", StringComparison.Ordinal));

    private static int Caches(ApiProxy proxy) => proxy.Requests.Where(request => request.IsWatch).Select(request => request.Path).Distinct().Count();
}
