using System.Net;
using LlmOps.Testing;
using Xunit;

namespace LlmOps.Kubernetes.Tests.ApiServer;

public sealed class FaultRulesTests : InProcessApiServerTests
{
    [Fact]
    public async Task A_status_fault_answers_with_its_status_and_does_nothing()
    {
        var rule = Server.Faults.When(
            FaultEffect.Status(429, "TooManyRequests", "slow down", TimeSpan.FromSeconds(2)), verb: "create", resource: "configmaps", times: 1);

        var refused = await Api.PostAsync(ConfigMaps, Map("a"));
        var found = Server.Find("configmaps", "default", "a");
        var created = await Api.PostAsync(ConfigMaps, Map("a"));

        Assert.Equal((429, "TooManyRequests"), (refused.Code, refused.Reason));
        Assert.Equal(2, (int?)refused.Json["details"]!["retryAfterSeconds"]);
        Assert.Null(found);
        Assert.Equal(201, created.Code);
        Assert.Equal(1, rule.HitCount);
    }

    [Fact]
    public async Task A_rule_skips_then_hits_and_ends_when_disposed()
    {
        var rule = Server.Faults.When(r => r.Plural == "configmaps", FaultEffect.Status(500, "InternalError"), skip: 1);

        var codes = new List<int>();
        for (var i = 0; i < 3; i++)
            codes.Add((await Api.GetAsync(ConfigMaps)).Code);
        rule.Dispose();
        codes.Add((await Api.GetAsync(ConfigMaps)).Code);

        Assert.Equal([200, 500, 500, 200], codes);
        Assert.Equal(2, rule.HitCount);
    }

    [Fact]
    public async Task Rules_match_by_name_subresource_and_apply()
    {
        Server.Faults.When(FaultEffect.Status(500, "InternalError"), verb: "apply", resource: "pods", name: "a", subresource: "status");
        Server.InstallYaml("""
            apiVersion: v1
            kind: Pod
            metadata: {name: a}
            spec: {containers: [{name: c, image: i}]}
            """);

        var status = System.Text.Json.Nodes.JsonNode.Parse("""{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"status":{"phase":"Running"}}""")!.AsObject();
        var applied = await Api.ApplyAsync("/api/v1/namespaces/default/pods/a/status", status, "m");
        var patched = await Api.MergePatchAsync("/api/v1/namespaces/default/pods/a/status", status);

        Assert.Equal((500, 200), (applied.Code, patched.Code));
        Assert.Equal("Running", (string?)Server.Find("pods", "default", "a")!["status"]!["phase"]);
    }

    [Fact]
    public async Task A_reset_before_loses_the_write_and_a_reset_after_only_the_answer()
    {
        Server.Faults.When(r => r.Verb == "create", FaultEffect.ResetBefore, times: 1);
        await Assert.ThrowsAnyAsync<Exception>(() => Api.PostAsync(ConfigMaps, Map("before")));
        Server.Faults.Clear();
        Server.Faults.When(r => r.Verb == "create", FaultEffect.ResetAfter, times: 1);
        await Assert.ThrowsAnyAsync<Exception>(() => Api.PostAsync(ConfigMaps, Map("after")));

        Assert.Null(Server.Find("configmaps", "default", "before"));
        Assert.NotNull(Server.Find("configmaps", "default", "after"));
        Assert.Equal(["create configmaps default/after"], Server.WriteLog.Select(static w => w.ToString()));
    }

    [Fact]
    public async Task A_hanging_request_waits_until_it_is_released()
    {
        var before = new FaultGate();
        Server.Faults.When(FaultEffect.HangBefore(before), verb: "create", times: 1);
        var request = Api.PostAsync(ConfigMaps, Map("a"));
        await before.Reached.WaitAsync(TimeSpan.FromSeconds(60));
        var whileHanging = Server.Find("configmaps", "default", "a");
        before.Release();

        Assert.Null(whileHanging);
        Assert.Equal(201, (await request).Code);
    }

    [Fact]
    public async Task A_request_can_hang_with_its_write_already_done()
    {
        var after = new FaultGate();
        Server.Faults.When(FaultEffect.HangAfter(after), verb: "create", times: 1);
        var request = Api.PostAsync(ConfigMaps, Map("a"));
        await after.Reached.WaitAsync(TimeSpan.FromSeconds(60));
        var whileHanging = Server.Find("configmaps", "default", "a");
        after.Release();

        Assert.NotNull(whileHanging);
        Assert.Equal(201, (await request).Code);
    }

    [Fact]
    public async Task A_delay_waits_on_the_servers_clock()
    {
        var armed = Time.ArmedTimers;
        Server.Faults.When(FaultEffect.Delay(TimeSpan.FromHours(1)), verb: "get");

        var request = Api.GetAsync($"{ConfigMaps}/none");
        await Time.WaitForTimersAsync(armed + 1).WaitAsync(TimeSpan.FromSeconds(60));
        var early = request.IsCompleted;
        Time.Advance(TimeSpan.FromHours(1));

        Assert.False(early);
        Assert.Equal((int)HttpStatusCode.NotFound, (await request).Code);
    }

    [Fact]
    public async Task An_answer_that_is_cut_breaks_in_the_middle_with_the_write_done()
    {
        Server.Faults.When(FaultEffect.CutAnswer, resource: "configmaps", times: 3);
        await Assert.ThrowsAnyAsync<Exception>(() => Api.PostAsync(ConfigMaps, Map("a")));
        await Assert.ThrowsAnyAsync<Exception>(() => Api.GetAsync(ConfigMaps));
        using var watch = await Api.WatchAsync($"{ConfigMaps}?watch=true&resourceVersion=0");
        await Assert.ThrowsAnyAsync<Exception>(watch.NextAsync);

        Assert.NotNull(Server.Find("configmaps", "default", "a"));
        Assert.Equal(200, (await Api.GetAsync($"{ConfigMaps}/a")).Code);
    }

    [Fact]
    public async Task What_a_fault_holds_back_is_no_work_of_the_server()
    {
        var gate = new FaultGate();
        Server.Faults.When(FaultEffect.HangBefore(gate), verb: "create", times: 1);
        var request = Api.PostAsync(ConfigMaps, Map("a"));
        await gate.Reached.WaitAsync(TimeSpan.FromSeconds(60));
        await Eventually.TrueAsync(() => Server.Requests.Active == 0, TimeSpan.FromSeconds(60), "it only waits");
        gate.Release();
        await request;
        await Eventually.TrueAsync(() => Server.Requests.Active == 0, TimeSpan.FromSeconds(60), "it has ended");
    }
}
