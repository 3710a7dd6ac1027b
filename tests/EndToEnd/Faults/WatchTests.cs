using System.Net.Http.Json;
using System.Text.Json.Nodes;
using LlmOps.Api;
using Xunit;
using Xunit.Abstractions;

namespace LlmOps.EndToEnd.Faults;

/// <summary>Watches on the real API server go wrong five times a second while a prompt is promoted: nothing is lost, nothing is made twice, and the server is not asked without end.</summary>
[Collection(FaultGroup.Name)]
public sealed class WatchTests(FaultBed bed, ITestOutputHelper output)
{
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(200);
    private static readonly RolloutStep[] Steps = [new() { Weight = 25, Hold = TimeSpan.FromSeconds(1.5), MinRequests = 1 }, new() { Weight = 50, Hold = TimeSpan.FromSeconds(1.5), MinRequests = 1 }];

    /// <summary>Requests of a cache that nothing comes to, a list and a watch each time: its waits grow. Without them it would be twice as many as there are faults, about 40.</summary>
    private const int MostOfACache = 12;

    private static readonly Dictionary<string, Action<ApiProxy>> Faults = new()
    {
        ["clean close"] = proxy => proxy.CloseWatches(),
        ["nothing but bookmarks"] = proxy => proxy.WriteToWatches(watch => watch.Bookmark),
        ["bookmark missing"] = proxy => proxy.CutWatches(),
        ["undecodable object"] = proxy => proxy.WriteToWatches(watch => watch.Path.EndsWith("/deployments", StringComparison.Ordinal) && watch.Position is { } position ? Undecodable(position) : null),
        ["abrupt close"] = proxy => proxy.CutWatches(),
        ["410"] = proxy => proxy.WriteToWatches("""{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"too old resource version","reason":"Expired","code":410}}"""),
        ["corrupt line"] = proxy => proxy.WriteToWatches("""{"type":"MODIFIED","object":{"kin"""),
        ["every other one never answered"] = proxy => proxy.CutWatches(),
    };

    [RealApiServerFact]
    public Task Watches_that_are_closed() => CheckAsync("clean close");

    [RealApiServerFact]
    public Task Watches_that_say_that_there_is_nothing_new() => CheckAsync("nothing but bookmarks");

    [RealApiServerFact]
    public Task Watches_without_bookmarks_that_are_cut() => CheckAsync("bookmark missing");

    [RealApiServerFact]
    public Task Watches_with_an_object_that_cannot_be_decoded() => CheckAsync("undecodable object");

    [RealApiServerFact]
    public async Task Watches_that_begin_before_what_etcd_still_knows()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(4));
        var ct = limit.Token;
        var scene = await bed.SceneAsync(ct);
        await using var only = await ProxiedOperator.StartAsync(bed, scene.Namespace);
        await PlayAsync(scene, ct);
        var created = Created(only.Proxy);
        only.Proxy.Hangs = () => true;
        only.Proxy.CutWatches();
        var prompt = await scene.TryPromptAsync(Steps, ct);
        await CompactAsync(ct);
        // It remembers what etcd has forgotten.
        await bed.ControlPlane.RestartApiServerAsync(ct);
        only.Proxy.Hangs = () => false;
        only.Proxy.CutWatches();
        var tried = await scene.UntilAsync($"{prompt} to be tried", s => s.Candidate?.Prompt == prompt, ct);
        Assert.Equal("Promoted", (await scene.UntilEndedAsync(tried.Rollout!.Id, ct)).Outcome);
        output.WriteLine($"{only.Proxy.Expired} of {Caches(only.Proxy)} watches had expired");
        Assert.InRange(only.Proxy.Expired, 1, int.MaxValue);
        Assert.Equal(2, Created(only.Proxy) - created);
    }

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
        if (fault == "bookmark missing")
            only.Proxy.Passes = line => !OpenWatch.IsBookmark(line) || line.Contains("k8s.io/initial-events-end", StringComparison.Ordinal);
        if (fault.EndsWith("never answered", StringComparison.Ordinal))
            only.Proxy.Hangs = () => Interlocked.Increment(ref opened) % 2 == 1;
        var (asked, created, start) = (only.Proxy.Requests.Count, Created(only.Proxy), TimeProvider.System.GetTimestamp());
        await using (TimeProvider.System.CreateTimer(_ => Faults[fault](only.Proxy), null, Every, Every))
            await PlayAsync(scene, ct);
        only.Proxy.Hangs = () => false;
        only.Proxy.Passes = _ => true;

        var took = TimeProvider.System.GetElapsedTime(start);
        asked = only.Proxy.Requests.Count - asked;
        Assert.InRange(only.Proxy.Disturbed, 10, int.MaxValue);
        output.WriteLine($"{fault}: {asked} requests in {took.TotalSeconds:0.0} s");
        Assert.Equal(2, Created(only.Proxy) - created);
        Assert.InRange(asked, 1, 100 + (MostOfACache * Caches(only.Proxy)));
    }

    private static string Undecodable(string position) =>
        $$$"""{"type":"MODIFIED","object":{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"odd","namespace":"odd","uid":"odd","resourceVersion":"{{{position}}}"},"spec":"none"}}""";

    /// <summary>etcd forgets all that was before this moment.</summary>
    private async Task CompactAsync(CancellationToken ct)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        async Task<JsonNode> AskAsync(string path, JsonObject body)
        {
            using var answer = await http.PostAsJsonAsync(new Uri(bed.ControlPlane.Etcd, path), body, ct);
            answer.EnsureSuccessStatusCode();
            return (await answer.Content.ReadFromJsonAsync<JsonNode>(ct))!;
        }

        var revision = (string)(await AskAsync("/v3/kv/range", new JsonObject { ["key"] = "AA==" }))["header"]!["revision"]!;
        await AskAsync("/v3/kv/compaction", new JsonObject { ["revision"] = revision, ["physical"] = true });
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
