using System.Text.Json;
using System.Text.Json.Nodes;
using LlmOps.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace LlmOps.Kubernetes.Tests;

public sealed class EventRecorderTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static readonly ObjectReference Regarding = new() { ApiVersion = "llmops.dev/v1alpha1", Kind = "LlmDeployment", Namespace = "ns", Name = "bot", Uid = "u" };

    private readonly ManualTime time = new();
    private readonly FakeApi api = new(request => FakeApi.Json(request.Body!));

    private EventRecorder Recorder(FakeApi? on = null) =>
        new((on ?? api).Client(), "llmops.dev/operator", "operator-0", time, NullLogger.Instance);

    private static Task RequestsAsync(FakeApi api, int count) =>
        Eventually.TrueAsync(() => api.Requests.Count >= count, Patience, () => $"{count} requests, there are {api.Requests.Count}");

    [Fact]
    public async Task An_event_says_who_what_when_and_why()
    {
        await using var recorder = Recorder();
        recorder.Publish(Regarding, "Warning", "GateFailed", "Revert", "accuracy 0.4 < 0.8");
        await RequestsAsync(api, 1);

        var request = api.Requests[0];
        Assert.Equal("/base/apis/events.k8s.io/v1/namespaces/ns/events?fieldManager=llmops", request.PathAndQuery);
        var e = JsonSerializer.Deserialize(request.Body!, KubernetesJson.Default.Event)!;
        Assert.StartsWith("bot.", e.Metadata.Name, StringComparison.Ordinal);
        Assert.Equal((Regarding, "Warning", "GateFailed", "Revert", "accuracy 0.4 < 0.8"), (e.Regarding, e.Type, e.Reason, e.Action, e.Note));
        Assert.Equal(("llmops.dev/operator", "operator-0"), (e.ReportingController, e.ReportingInstance));
        Assert.Equal("2026-01-01T00:00:00.000000Z", (string?)JsonNode.Parse(request.Body!)!["eventTime"]);
        Assert.Null(e.Series);
    }

    [Fact]
    public async Task A_repeat_raises_the_count_of_its_series()
    {
        await using var recorder = Recorder();
        for (var i = 1; i <= 3; i++)
        {
            recorder.Publish(Regarding, "Normal", "Waiting", "Hold", "no GPU");
            await RequestsAsync(api, i);
            time.Advance(TimeSpan.FromMinutes(5));
        }

        var name = (string?)JsonNode.Parse(api.Requests[0].Body!)!["metadata"]!["name"];
        Assert.Equal(["POST", "PATCH", "PATCH"], api.Requests.Select(r => r.Method));
        Assert.Equal($"/base/apis/events.k8s.io/v1/namespaces/ns/events/{name}?fieldManager=llmops", api.Requests[2].PathAndQuery);
        Assert.Equal("""{"series":{"count":3,"lastObservedTime":"2026-01-01T00:10:00.000000Z"}}""", api.Requests[2].Body);
    }

    [Fact]
    public async Task Notes_with_numbers_that_change_all_the_time_share_an_event_after_the_first_ten()
    {
        await using var recorder = Recorder();
        for (var i = 1; i <= 15; i++)
        {
            recorder.Publish(Regarding, "Warning", "Failing", "Hold", $"{i} % of requests failed");
            await RequestsAsync(api, i);
            time.Advance(TimeSpan.FromMinutes(1));
        }

        recorder.Publish(Regarding, "Warning", "Other", "Hold", "another reason");
        await RequestsAsync(api, 16);
        Assert.Equal([.. Enumerable.Repeat("POST", 11), .. Enumerable.Repeat("PATCH", 4), "POST"], api.Requests.Select(request => request.Method));
        Assert.Equal("(one of many) 11 % of requests failed", (string?)JsonNode.Parse(api.Requests[10].Body!)!["note"]);
        Assert.Equal(5, (int?)JsonNode.Parse(api.Requests[14].Body!)!["series"]!["count"]);

        time.Advance(TimeSpan.FromMinutes(6));
        recorder.Publish(Regarding, "Warning", "Failing", "Hold", "99 % of requests failed");
        await RequestsAsync(api, 17);
        Assert.Equal("99 % of requests failed", (string?)JsonNode.Parse(api.Requests[16].Body!)!["note"]);
    }

    [Fact]
    public async Task A_series_that_was_quiet_for_six_minutes_is_over()
    {
        await using var recorder = Recorder();
        recorder.Publish(Regarding, "Normal", "Waiting", "Hold", "no GPU");
        await RequestsAsync(api, 1);
        time.Advance(TimeSpan.FromMinutes(6));
        recorder.Publish(Regarding, "Normal", "Waiting", "Hold", "no GPU");
        await RequestsAsync(api, 2);
        Assert.Equal("POST", api.Requests[1].Method);
    }

    [Fact]
    public async Task A_series_whose_event_the_server_forgot_goes_on_in_a_new_event()
    {
        using var forgetful = new FakeApi(r => r.Method == "PATCH" ? FakeApi.NotFound() : FakeApi.Json(r.Body!));
        await using var recorder = Recorder(forgetful);
        recorder.Publish(Regarding, "Normal", "Waiting", "Hold", "no GPU");
        await RequestsAsync(forgetful, 1);
        recorder.Publish(Regarding, "Normal", "Waiting", "Hold", "no GPU");
        await RequestsAsync(forgetful, 3);
        Assert.Equal(2, (int?)JsonNode.Parse(forgetful.Requests[2].Body!)!["series"]!["count"]);
    }

    [Fact]
    public async Task A_server_that_refuses_events_harms_nobody()
    {
        using var refusing = new FakeApi(_ => FakeApi.Failure(403, "Forbidden"));
        await using var recorder = Recorder(refusing);
        recorder.Publish(Regarding, "Normal", "One", "A", "1");
        recorder.Publish(Regarding, "Normal", "Two", "A", "2");
        await RequestsAsync(refusing, 2);
    }

    [Fact]
    public async Task Publishing_never_waits_even_when_the_server_hangs()
    {
        using var hanging = new FakeApi(async (_, ct) =>
        {
            await Task.Delay(Timeout.Infinite, ct);
            return new HttpResponseMessage();
        });
        var recorder = Recorder(hanging);
        for (var i = 0; i < 3000; i++)
            recorder.Publish(Regarding, "Normal", "Flood", "A", $"{i}");
        await RequestsAsync(hanging, 1);
        var end = recorder.DisposeAsync().AsTask();
        await time.WaitForTimersAsync(1);
        time.Advance(TimeSpan.FromSeconds(5));
        await end.WaitAsync(Patience);
        Assert.Single(hanging.Requests);
    }

    [Fact]
    public async Task What_waits_is_written_at_the_end()
    {
        var recorder = Recorder();
        for (var i = 0; i < 20; i++)
            recorder.Publish(Regarding, "Normal", $"Last{i}", "A", "the end");
        await recorder.DisposeAsync();
        Assert.Equal(20, api.Requests.Count);
    }

    [Theory]
    [InlineData("a", 'a')]
    [InlineData("", 'a')]
    [InlineData("a.-.", 'b')]
    public async Task An_event_about_an_object_with_a_long_name_has_a_name_that_an_object_may_have(string before, char longest)
    {
        await using var recorder = Recorder();
        var name = new string(longest, 200 - before.Length) + before + new string('c', 53);
        recorder.Publish(new ObjectReference { Kind = "ConfigMap", Name = name, Namespace = "ns" }, "Normal", "A", "B", "c");
        await RequestsAsync(api, 1);
        var written = (string)JsonNode.Parse(api.Requests[0].Body!)!["metadata"]!["name"]!;
        Assert.Matches("^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$", written);
        Assert.InRange(written.Length, 190, 253);
    }

    [Fact]
    public async Task An_event_about_a_cluster_scoped_object_is_in_the_namespace_default()
    {
        await using var recorder = Recorder();
        recorder.Publish(new ObjectReference { Kind = "Node", Name = "n1" }, "Normal", "A", "B", "c");
        await RequestsAsync(api, 1);
        Assert.Contains("/namespaces/default/events", api.Requests[0].PathAndQuery, StringComparison.Ordinal);
    }
}
