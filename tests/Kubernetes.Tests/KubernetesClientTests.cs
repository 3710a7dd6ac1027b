using System.Net;
using System.Text.Json.Nodes;
using LlmOps.Testing;
using Xunit;

namespace LlmOps.Kubernetes.Tests;

public sealed class KubernetesClientTests
{
    private const string MapJson = """{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"x","namespace":"ns","resourceVersion":"5"}}""";

    private static readonly ObjectKey Key = new("ns", "x");

    private static readonly ConfigMap Map = new() { Metadata = new ObjectMeta { Name = "x", Namespace = "ns" } };

    private static readonly Deployment Served = new()
    {
        ApiVersion = null,
        Kind = null,
        Metadata = new ObjectMeta
        {
            Name = "x",
            Namespace = "ns",
            Uid = "u",
            ResourceVersion = "5",
            Generation = 3,
            CreationTimestamp = DateTimeOffset.UnixEpoch,
            DeletionTimestamp = DateTimeOffset.UnixEpoch,
            Labels = new Dictionary<string, string> { ["a"] = "b" },
            Finalizers = ["f"],
        },
        Spec = new DeploymentSpec { Replicas = 2 },
        Status = new DeploymentStatus { ReadyReplicas = 1 },
    };

    private static FakeApi Api(params HttpResponseMessage[] answers)
    {
        var queue = new Queue<HttpResponseMessage>(answers);
        return new FakeApi(_ => queue.Dequeue());
    }

    private static HttpResponseMessage Busy(int code, int? retryAfterSeconds)
    {
        var response = FakeApi.Failure(code, "TooManyRequests");
        if (retryAfterSeconds is { } seconds)
            response.Headers.RetryAfter = new(TimeSpan.FromSeconds(seconds));
        return response;
    }

    [Fact]
    public async Task Whoever_acts_as_somebody_else_says_so_with_each_request()
    {
        HttpRequestMessage? sent = null;
        using var handler = new Recording(request => sent = request);
        using var client = new KubernetesClient(new() { Server = new("http://fake.test"), Impersonate = new("ada", ["ops", "eu"]) { Uid = "7" } }, null, handler);
        await client.GetAsync<ConfigMap>(Key, CancellationToken.None);
        Assert.Equal(["ada"], sent!.Headers.GetValues("Impersonate-User"));
        Assert.Equal(["ops", "eu"], sent.Headers.GetValues("Impersonate-Group"));
        Assert.Equal(["7"], sent.Headers.GetValues("Impersonate-Uid"));
    }

    private sealed class Recording(Action<HttpRequestMessage> record) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            record(request);
            return Task.FromResult(FakeApi.Json(MapJson));
        }
    }

    [Fact]
    public async Task Who_may_not_write_sends_no_write_and_no_second_attempt_at_one_and_reads_all_the_same()
    {
        var mayWrite = false;
        using var api = new FakeApi(request =>
        {
            mayWrite = false;
            return request.Method == "GET" ? FakeApi.Json(MapJson) : Busy(429, 0);
        });
        var client = new KubernetesClient(new KubernetesClientConfiguration { Server = new Uri("http://fake.test"), MayWrite = () => mayWrite }, null, api);

        Assert.NotNull(await client.GetAsync<ConfigMap>(Key, CancellationToken.None));
        Assert.True((await Assert.ThrowsAsync<KubernetesException>(() => client.ApplyAsync(Map, "operator", ct: CancellationToken.None))).IsNotLeading);
        Assert.Single(api.Requests);

        // The first attempt is sent, and the leadership ends before the second.
        mayWrite = true;
        Assert.True((await Assert.ThrowsAsync<KubernetesException>(() => client.ApplyAsync(Map, "operator", ct: CancellationToken.None))).IsNotLeading);
        Assert.Equal(2, api.Requests.Count);
    }

    [Fact]
    public async Task Apply_sends_what_is_wanted_and_nothing_that_the_server_owns()
    {
        using var api = Api(FakeApi.Json(MapJson));
        await api.Client().ApplyAsync(Served, "operator", ct: CancellationToken.None);

        var request = Assert.Single(api.Requests);
        Assert.Equal("PATCH", request.Method);
        Assert.Equal("/base/apis/apps/v1/namespaces/ns/deployments/x?fieldManager=operator&force=true", request.PathAndQuery);
        Assert.Equal("application/apply-patch+yaml", request.ContentType);
        var body = JsonNode.Parse(request.Body!)!.AsObject();
        Assert.Equal("apps/v1", (string?)body["apiVersion"]);
        Assert.Equal("Deployment", (string?)body["kind"]);
        Assert.Equal(2, (int?)body["spec"]!["replicas"]);
        Assert.False(body.ContainsKey("status"));
        Assert.Equal(["finalizers", "labels", "name", "namespace"], body["metadata"]!.AsObject().Select(p => p.Key).Order());
    }

    [Theory]
    [InlineData("5", """{"name":"x","namespace":"ns","resourceVersion":"5"}""")]
    [InlineData(null, """{"name":"x","namespace":"ns"}""")]
    public async Task Apply_of_a_status_sends_only_identity_version_and_status(string? version, string metadata)
    {
        using var api = Api(FakeApi.Json(MapJson));
        var served = Served with { Metadata = Served.Metadata with { ResourceVersion = version } };
        await api.Client().ApplyStatusAsync(served, "operator", force: false, CancellationToken.None);

        var request = Assert.Single(api.Requests);
        Assert.Equal("/base/apis/apps/v1/namespaces/ns/deployments/x/status?fieldManager=operator&force=false", request.PathAndQuery);
        var body = JsonNode.Parse(request.Body!)!.AsObject();
        Assert.Equal(["apiVersion", "kind", "metadata", "status"], body.Select(p => p.Key).Order());
        Assert.Equal(metadata, body["metadata"]!.ToJsonString());
        Assert.Equal(1, (int?)body["status"]!["readyReplicas"]);
    }

    [Fact]
    public async Task Merge_patch_sends_the_patch_as_it_is()
    {
        using var api = Api(FakeApi.Json(MapJson));
        await api.Client().MergePatchAsync<ConfigMap>(Key, new JsonObject { ["data"] = new JsonObject { ["a"] = null } }, ct: CancellationToken.None);

        var request = Assert.Single(api.Requests);
        Assert.Equal("""{"data":{"a":null}}""", request.Body);
        Assert.Equal("application/merge-patch+json", request.ContentType);
        Assert.Equal("llmops", request.Query("fieldManager"));
    }

    [Fact]
    public async Task Delete_sends_its_preconditions_and_tells_whether_there_was_anything()
    {
        using var api = Api(FakeApi.Json("""{"kind":"Status","status":"Success"}"""), FakeApi.NotFound());
        var client = api.Client();
        var options = new DeleteOptions { PropagationPolicy = "Foreground", Preconditions = new() { Uid = "u" } };

        Assert.True(await client.DeleteAsync<ConfigMap>(Key, options, CancellationToken.None));
        Assert.False(await client.DeleteAsync<ConfigMap>(Key, ct: CancellationToken.None));
        Assert.Equal("""{"apiVersion":"v1","kind":"DeleteOptions","propagationPolicy":"Foreground","preconditions":{"uid":"u"}}""", api.Requests[0].Body);
    }

    [Fact]
    public async Task Get_of_nothing_is_null()
    {
        using var api = Api(FakeApi.NotFound());
        Assert.Null(await api.Client().GetAsync<ConfigMap>(Key, CancellationToken.None));
    }

    [Theory]
    [InlineData("""{"kind":"Status","status":"Failure","message":"the server could not find the requested resource","reason":"NotFound","details":{},"code":404}""")]
    [InlineData("404 page not found")]
    public async Task A_kind_that_is_not_served_says_nothing_about_an_object(string body)
    {
        using var api = new FakeApi(_ => FakeApi.Json(body, System.Net.HttpStatusCode.NotFound));
        var client = api.Client();
        foreach (var e in new[]
        {
            await Assert.ThrowsAsync<KubernetesException>(() => client.GetAsync<ConfigMap>(Key, CancellationToken.None)),
            await Assert.ThrowsAsync<KubernetesException>(() => client.DeleteAsync<ConfigMap>(Key, ct: CancellationToken.None)),
            await Assert.ThrowsAsync<KubernetesException>(() => client.CreateAsync(Map, CancellationToken.None)),
        })
        {
            Assert.True(e.IsNotServed);
            Assert.False(e.IsNotFound);
        }
    }

    [Theory]
    [InlineData(409, "Conflict", true, false, false, false, false)]
    [InlineData(409, "AlreadyExists", false, true, false, false, false)]
    [InlineData(422, "Invalid", false, false, true, false, false)]
    [InlineData(410, "Expired", false, false, false, true, false)]
    [InlineData(403, "Forbidden", false, false, false, false, true)]
    public async Task A_failure_says_what_kind_it_is(int code, string reason, bool conflict, bool exists, bool invalid, bool expired, bool forbidden)
    {
        using var api = Api(FakeApi.Failure(code, reason, "the server's words"));
        var e = await Assert.ThrowsAsync<KubernetesException>(() => api.Client().CreateAsync(Map, CancellationToken.None));

        Assert.Equal((code, reason), (e.StatusCode, e.Reason));
        Assert.Equal((conflict, exists, invalid, expired, forbidden), (e.IsConflict, e.IsAlreadyExists, e.IsInvalid, e.IsExpired, e.IsForbidden));
        Assert.Equal($"POST /api/v1/namespaces/ns/configmaps: the server's words ({code})", e.Message);
    }

    [Fact]
    public async Task An_answer_of_a_proxy_that_is_no_status_is_told_in_part()
    {
        using var api = Api(new HttpResponseMessage(HttpStatusCode.BadGateway) { Content = new StringContent("<html>\nno upstream</html>") });
        var e = await Assert.ThrowsAsync<KubernetesException>(() => api.Client().GetAsync<ConfigMap>(Key, CancellationToken.None));
        Assert.Equal(502, e.StatusCode);
        Assert.Contains("no upstream", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_busy_server_is_asked_again_after_the_time_that_it_names()
    {
        var time = new ManualTime();
        using var api = Api(Busy(429, 3), FakeApi.Json(MapJson));
        var create = api.Client(time).CreateAsync(Map, CancellationToken.None);

        await time.WaitForTimersAsync(1);
        time.Advance(TimeSpan.FromSeconds(2.9));
        Assert.Single(api.Requests);
        time.Advance(TimeSpan.FromSeconds(0.1));
        Assert.Equal("5", (await create).Metadata.ResourceVersion);
    }

    [Fact]
    public async Task A_server_that_stays_busy_is_asked_six_times()
    {
        using var api = new FakeApi(_ => Busy(429, 0));
        var e = await Assert.ThrowsAsync<KubernetesException>(() => api.Client().GetAsync<ConfigMap>(Key, CancellationToken.None));
        Assert.Equal(429, e.StatusCode);
        Assert.Equal(TimeSpan.Zero, e.RetryAfter);
        Assert.Equal(6, api.Requests.Count);
    }

    [Fact]
    public async Task After_503_a_create_is_not_sent_again_because_it_may_have_worked()
    {
        using var api = new FakeApi(_ => Busy(503, 0));
        await Assert.ThrowsAsync<KubernetesException>(() => api.Client().CreateAsync(Map, CancellationToken.None));
        Assert.Single(api.Requests);

        await Assert.ThrowsAsync<KubernetesException>(() => api.Client().ApplyAsync(Map, "m", ct: CancellationToken.None));
        Assert.Equal(7, api.Requests.Count);
    }

    [Fact]
    public async Task A_status_is_not_sent_again_later_because_it_tells_of_its_moment()
    {
        using var api = new FakeApi(_ => Busy(429, 0));
        var e = await Assert.ThrowsAsync<KubernetesException>(() => api.Client().ApplyStatusAsync(Served, "m", ct: CancellationToken.None));
        Assert.Single(api.Requests);
        Assert.NotNull(e.RetryAfter);
    }

    [Fact]
    public async Task Without_a_time_to_come_back_nothing_is_sent_again()
    {
        using var api = new FakeApi(_ => Busy(429, null));
        await Assert.ThrowsAsync<KubernetesException>(() => api.Client().GetAsync<ConfigMap>(Key, CancellationToken.None));
        Assert.Single(api.Requests);
    }

    [Fact]
    public async Task A_server_that_does_not_answer_is_given_up_after_the_request_timeout()
    {
        var time = new ManualTime();
        using var api = new FakeApi(async (_, ct) =>
        {
            await Task.Delay(Timeout.Infinite, ct);
            return new HttpResponseMessage();
        });
        var get = api.Client(time).GetAsync<ConfigMap>(Key, CancellationToken.None);
        await time.WaitForTimersAsync(1);
        time.Advance(TimeSpan.FromSeconds(30));

        var e = await Assert.ThrowsAsync<KubernetesException>(() => get);
        Assert.Equal((0, KubernetesException.RequestTimeoutReason), (e.StatusCode, e.Reason));
    }

    [Fact]
    public async Task A_status_that_is_not_answered_is_given_up_soon_and_may_have_been_written()
    {
        var time = new ManualTime();
        using var api = new FakeApi(async (_, ct) =>
        {
            await Task.Delay(Timeout.Infinite, ct);
            return new HttpResponseMessage();
        });
        var write = api.Client(time).ApplyStatusAsync(Served, "m", ct: CancellationToken.None);
        await time.WaitForTimersAsync(1);
        time.Advance(TimeSpan.FromSeconds(4.9));
        Assert.False(write.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(0.1));

        var e = await Assert.ThrowsAsync<KubernetesException>(() => write);
        Assert.Equal(KubernetesException.RequestTimeoutReason, e.Reason);
        Assert.True(e.IsOutcomeUnknown);
    }

    [Theory]
    [InlineData(400, false)]
    [InlineData(403, false)]
    [InlineData(409, false)]
    [InlineData(422, false)]
    [InlineData(429, false)]
    [InlineData(500, true)]
    [InlineData(504, true)]
    public async Task A_write_that_the_server_refused_was_not_done_and_one_that_it_failed_at_may_have_been(int code, bool isUnknown)
    {
        using var api = new FakeApi(_ => FakeApi.Failure(code, "Some"));
        var e = await Assert.ThrowsAsync<KubernetesException>(() => api.Client().ApplyStatusAsync(Served, "m", ct: CancellationToken.None));
        Assert.Equal(isUnknown, e.IsOutcomeUnknown);
    }

    [Fact]
    public async Task Whoever_needs_an_answer_now_gets_it_within_a_second_or_goes_on_without()
    {
        var time = new ManualTime();
        using var api = new FakeApi(async (_, ct) =>
        {
            await Task.Delay(Timeout.Infinite, ct);
            return new HttpResponseMessage();
        });
        var get = api.Client(time).GetNowAsync<ConfigMap>(Key, CancellationToken.None);
        await time.WaitForTimersAsync(1);
        time.Advance(TimeSpan.FromSeconds(1));
        await Assert.ThrowsAsync<KubernetesException>(() => get);

        using var busy = new FakeApi(_ => Busy(429, 0));
        await Assert.ThrowsAsync<KubernetesException>(() => busy.Client().GetNowAsync<ConfigMap>(Key, CancellationToken.None));
        Assert.Single(busy.Requests);
    }

    [Fact]
    public async Task A_server_that_names_a_long_time_is_not_asked_before_it_and_nobody_is_kept_that_long()
    {
        using var api = new FakeApi(_ => Busy(429, 31));
        var e = await Assert.ThrowsAsync<KubernetesException>(() => api.Client(new ManualTime()).ApplyAsync(Map, "m", ct: CancellationToken.None));
        Assert.Equal(TimeSpan.FromSeconds(31), e.RetryAfter);
        Assert.Single(api.Requests);
    }

    [Fact]
    public async Task Cancelling_is_no_failure_of_the_server()
    {
        using var cancel = new CancellationTokenSource();
        using var api = new FakeApi(async (_, ct) =>
        {
            await cancel.CancelAsync();
            await Task.Delay(Timeout.Infinite, ct);
            return new HttpResponseMessage();
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => api.Client().GetAsync<ConfigMap>(Key, cancel.Token));
    }

    [Fact]
    public async Task A_connection_that_fails_is_a_Kubernetes_exception_too()
    {
        using var api = new FakeApi(_ => throw new HttpRequestException("refused"));
        var e = await Assert.ThrowsAsync<KubernetesException>(() => api.Client().GetAsync<ConfigMap>(Key, CancellationToken.None));
        Assert.Equal((0, KubernetesException.ConnectionFailedReason), (e.StatusCode, e.Reason));
        Assert.Contains("refused", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_that_the_server_refuses_is_read_again_once()
    {
        var path = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(path, "old\n");
            using var api = new FakeApi((request, _) =>
            {
                File.WriteAllText(path, "new\n");
                return Task.FromResult(request.Authorization == "Bearer new" ? FakeApi.Json(MapJson) : FakeApi.Failure(401, "Unauthorized"));
            });
            var client = api.Client(token: BearerToken.FromFile(path));

            Assert.NotNull(await client.GetAsync<ConfigMap>(Key, CancellationToken.None));
            Assert.Equal(["Bearer old", "Bearer new"], api.Requests.Select(r => r.Authorization));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public async Task Credentials_that_are_refused_are_named_and_not_told()
    {
        using var api = new FakeApi(_ => FakeApi.Failure(401, "Unauthorized", "Unauthorized"));
        async Task<string> MessageAsync(BearerToken? token)
        {
            var client = api.Client(token: token);
            return (await Assert.ThrowsAsync<KubernetesException>(() => client.GetAsync<ConfigMap>(Key, CancellationToken.None))).Message;
        }

        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, "hidden");
        Assert.EndsWith("Unauthorized (401): it does not accept the token", await MessageAsync(BearerToken.FromValue("hidden")), StringComparison.Ordinal);
        Assert.EndsWith($"Unauthorized (401): it does not accept the token from {file}", await MessageAsync(BearerToken.FromFile(file)), StringComparison.Ordinal);
        Assert.EndsWith("Unauthorized (401): the configuration has no credentials, and it wants some", await MessageAsync(null), StringComparison.Ordinal);
        File.Delete(file);
    }

    [Fact]
    public async Task A_token_file_is_read_again_every_minute_and_kept_when_it_is_gone()
    {
        var time = new ManualTime();
        var path = Path.GetTempFileName();
        await File.WriteAllTextAsync(path, "one");
        var token = BearerToken.FromFile(path);
        Assert.Equal("one", await token.ReadAsync(time, CancellationToken.None));

        await File.WriteAllTextAsync(path, "two");
        Assert.Equal("one", await token.ReadAsync(time, CancellationToken.None));
        time.Advance(TimeSpan.FromSeconds(61));
        Assert.Equal("two", await token.ReadAsync(time, CancellationToken.None));

        File.Delete(path);
        time.Advance(TimeSpan.FromSeconds(61));
        Assert.Equal("two", await token.ReadAsync(time, CancellationToken.None));
    }

    [Fact]
    public async Task Scale_is_read_and_replaced_as_a_subresource()
    {
        const string scale = """{"kind":"Scale","apiVersion":"autoscaling/v1","metadata":{"name":"x"},"spec":{"replicas":4},"status":{"replicas":3,"selector":"a=b"}}""";
        using var api = Api(FakeApi.Json(scale), FakeApi.Json(scale));
        var client = api.Client();
        var read = await client.GetScaleAsync<Deployment>(Key, CancellationToken.None);
        await client.ReplaceScaleAsync<Deployment>(Key, read with { Spec = new() { Replicas = 5 } }, CancellationToken.None);

        Assert.Equal(("a=b", 3), (read.Status!.Selector, read.Status.Replicas));
        Assert.Equal("/base/apis/apps/v1/namespaces/ns/deployments/x/scale", api.Requests[0].PathAndQuery);
        Assert.Equal(5, (int?)JsonNode.Parse(api.Requests[1].Body!)!["spec"]!["replicas"]);
    }
}
