using System.Text.Json;
using System.Text.RegularExpressions;
using LlmOps.Api;
using LlmOps.Gateway.Tests.Fakes;
using LlmOps.Testing;

namespace LlmOps.Gateway.Tests.Mirroring;

public sealed partial class MirrorTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_client_has_stables_answer_at_once_whatever_the_candidate_does_with_its_copy(bool stream)
    {
        // The clock stands still: an answer that waited for the candidate would never come.
        var time = new ManualTime();
        await using var bed = await GatewayBed.StartAsync(candidate: Answers.Silence(), time: time);
        var without = await bed.ChatAsync(GatewayBed.Body(stream), session: "s");
        bed.Mirror();

        var with = await bed.ChatAsync(GatewayBed.Body(stream), session: "s").WaitAsync(Soon);

        Assert.Equal((without.Status, without.Body, without.Track, without.Release), (with.Status, with.Body, with.Track, with.Release));
        Assert.Equal(without.HeaderNames.Order(), with.HeaderNames.Order());
        await Eventually.TrueAsync(() => bed.Candidate.Requests == 1, Soon, "the candidate has the copy");
        var (copy, original) = (bed.Candidate.LastBody, bed.Stable.LastBody);
        Assert.Equal(original.GetProperty("messages").ToString(), copy.GetProperty("messages").ToString());
        Assert.Equal("served", copy.GetProperty("model").GetString());
    }

    [Fact]
    public async Task What_copies_were_answered_with_tells_what_the_candidate_is_like()
    {
        await using var bed = await GatewayBed.StartAsync(time: new ManualTime());
        bed.Mirror();
        await bed.ChatAsync();

        string? recent = null;
        await Eventually.TrueAsync(
            async _ => (recent = JsonDocument.Parse(await bed.AdminAsync("/internal/evidence")).RootElement.GetProperty("rollouts")[0].GetProperty("recent").ToString()).Contains("\"candidate\":{\"ttftSeconds\":{\"answers\":1,", StringComparison.Ordinal)
                && recent.Contains("\"outputTokens\":{\"answers\":1,", StringComparison.Ordinal),
            Soon, () => $"the copy is told of: {recent}");
    }

    [Fact]
    public async Task A_copy_that_hangs_ends_at_the_deadline_and_is_an_error_of_the_candidate()
    {
        var time = new ManualTime();
        var hungUp = new TaskCompletionSource();
        await using var bed = await GatewayBed.StartAsync(candidate: Answers.Silence(hungUp), time: time);
        bed.Mirror();
        await bed.ChatAsync();
        await Eventually.TrueAsync(() => bed.Candidate.Requests == 1, Soon, "the candidate has the copy");
        Assert.Equal(0, await bed.CountAsync("candidate", "errors"));

        time.Advance(TimeSpan.FromSeconds(31));

        await hungUp.Task.WaitAsync(Soon);
        await CountsAsync(bed, "candidate", "errors", 1);
        Assert.Equal((1, 1, 0), (await bed.CountAsync("candidate", "requests"), await bed.CountAsync("stable", "requests"), await bed.CountAsync("stable", "errors")));
    }

    [Fact]
    public async Task Too_many_copies_are_not_made_and_their_requests_count_for_neither_side()
    {
        var time = new ManualTime();
        await using var bed = await GatewayBed.StartAsync(candidate: Answers.Silence(), time: time);
        bed.Mirror(maxConcurrent: 2);
        for (var i = 0; i < 3; i++)
            Assert.Equal("stable!", (await bed.ChatAsync()).Text);
        // The bound holds over route tables.
        bed.Mirror(maxConcurrent: 2);
        for (var i = 0; i < 2; i++)
            await bed.ChatAsync();

        await Eventually.TrueAsync(() => bed.Candidate.Requests == 2, Soon, "two copies are sent");
        Assert.Equal((2, 2), (await bed.CountAsync("candidate", "requests"), await bed.CountAsync("stable", "requests")));
        Assert.Matches("""llmops_gateway_mirror_skipped_total\{[^}]*release="r-candidate"[^}]*\} 3\n""", await bed.AdminAsync("/metrics"));

        time.Advance(TimeSpan.FromSeconds(31));
        await CountsAsync(bed, "candidate", "errors", 2);
        await Eventually.TrueAsync(async _ => (await bed.AdminAsync("/metrics")).Contains("outcome=\"failed\"", StringComparison.Ordinal), Soon, () => "the copies ended");
        await bed.ChatAsync();
        await Eventually.TrueAsync(() => bed.Candidate.Requests == 3, Soon, "there is room again");
    }

    [Fact]
    public async Task A_share_of_the_requests_is_copied_and_no_other_is_counted()
    {
        await using var bed = await GatewayBed.StartAsync();
        bed.Mirror(percent: 30, maxConcurrent: 1000);

        for (var i = 0; i < 200; i++)
            await bed.ChatAsync();

        var copies = await bed.CountAsync("candidate", "requests");
        Assert.InRange(copies, 20, 110);
        Assert.Equal(copies, await bed.CountAsync("stable", "requests"));
        await Eventually.TrueAsync(() => bed.Candidate.Requests == copies, Soon, "all copies are sent");
        var epoch = (await bed.EpochsAsync())[0];
        Assert.True(epoch.GetProperty("mirrored").GetBoolean());
        Assert.Equal((0, 2), (epoch.GetProperty("weight").GetInt32(), epoch.GetProperty("epoch").GetInt32()));
        Assert.Equal(0, await bed.CountAsync("candidate", "errors"));
    }

    [Theory]
    [InlineData(200, 500, 0, 1)]
    [InlineData(500, 200, 1, 0)]
    [InlineData(500, 500, 1, 1)]
    public async Task Each_side_has_its_own_bad_events(int stable, int candidate, int stableErrors, int candidateErrors)
    {
        await using var bed = await GatewayBed.StartAsync(stable == 200 ? null : Answers.Status(stable), candidate == 200 ? null : Answers.Status(candidate));
        bed.Mirror();

        for (var i = 0; i < 2; i++)
            await bed.ChatAsync(session: "s");

        await CountsAsync(bed, "candidate", "errors", candidateErrors);
        Assert.Equal(stableErrors, await bed.CountAsync("stable", "errors"));
        Assert.Equal((2, 1, 2, 1), (await bed.CountAsync("stable", "requests"), await bed.CountAsync("stable", "units"), await bed.CountAsync("candidate", "requests"), await bed.CountAsync("candidate", "units")));
    }

    [Fact]
    public async Task When_the_client_leaves_the_copy_ends_too_and_counts_for_nothing()
    {
        var hungUp = new TaskCompletionSource();
        await using var bed = await GatewayBed.StartAsync(Answers.Silence(), Answers.Silence(hungUp));
        bed.Mirror();
        using var client = new CancellationTokenSource();
        var call = bed.ChatAsync(ct: client.Token);
        await Eventually.TrueAsync(() => bed.Candidate.Requests == 1 && bed.Stable.Requests == 1, Soon, "both have the request");

        await client.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        await hungUp.Task.WaitAsync(Soon);
        await Eventually.TrueAsync(async _ => (await bed.AdminAsync("/metrics")).Contains("outcome=\"cancelled\"", StringComparison.Ordinal), Soon, () => "the copy ended");
        Assert.Equal((0, 0), (await bed.CountAsync("candidate", "errors"), await bed.CountAsync("stable", "errors")));
    }

    [Theory]
    [InlineData(200, 1)]
    [InlineData(401, 0)]
    [InlineData(500, 0)]
    public async Task Refused_credentials_are_the_candidates_fault_only_where_stable_answered(int stable, int unauthorized)
    {
        await using var bed = await GatewayBed.StartAsync(stable == 200 ? null : Answers.Status(stable), Answers.Status(401));
        bed.Mirror();

        await bed.ChatAsync();

        await Eventually.TrueAsync(async _ => (await bed.AdminAsync("/metrics")).Contains("outcome=\"failed\"", StringComparison.Ordinal), Soon, () => "the copy ended");
        await CountsAsync(bed, "candidate", "unauthorized", unauthorized);
        Assert.Equal(0, await bed.CountAsync("candidate", "errors"));
    }

    [Theory]
    [InlineData(200, 1)]
    [InlineData(500, 0)]
    public async Task A_prompt_that_the_copy_cannot_be_rendered_with_is_the_candidates_fault_only_where_stable_answered(int stable, int failures)
    {
        await using var bed = await GatewayBed.StartAsync(stable == 200 ? null : Answers.Status(stable));
        bed.Gateway.Routes.Apply(null, Cluster.Prompt("strict", [new PromptMessage { Role = "system", Template = "For {{name}}" }], new Dictionary<string, PromptVariable> { ["name"] = new() { Required = true } }));
        bed.Mirror(candidatePrompt: "strict");

        await bed.ChatAsync();

        await Eventually.TrueAsync(async _ => (await bed.AdminAsync("/metrics")).Contains("outcome=\"failed\"", StringComparison.Ordinal), Soon, () => "the copy ended");
        await CountsAsync(bed, "candidate", "renderFailures", failures);
        Assert.Equal(0, bed.Candidate.Requests);
    }

    [Fact]
    public async Task The_answer_to_a_copy_is_measured()
    {
        await using var bed = await GatewayBed.StartAsync();
        for (var i = 0; i < 60; i++)
            await bed.ChatAsync(GatewayBed.Body(stream: false));
        bed.Candidate.Answer = Answers.Stream(Answers.RoleChunk, Answers.TextChunk("long"), Answers.Finish("content_filter"), Answers.UsageChunk, Answers.Done);
        bed.Mirror();

        await bed.ChatAsync();

        // Stable's whole answers have 2 tokens, the copy's has 5.
        await CountsAsync(bed, "candidate", "blocked", 1);
        await Eventually.TrueAsync(async _ => (await bed.EpochsAsync())[0].GetProperty("candidate").GetProperty("longOutput").ToString() == "[1,1,1]", Soon, () => "the length is counted");
        await Eventually.TrueAsync(async _ => AnsweredOnce().IsMatch(await bed.AdminAsync("/metrics")), Soon, () => "the copy is in the metrics");
        Assert.Equal(0, await bed.CountAsync("candidate", "errors"));
    }

    private static Task CountsAsync(GatewayBed bed, string track, string what, long count) =>
        Eventually.TrueAsync(async _ => await bed.CountAsync(track, what) == count, Soon, () => $"{track} has {count} {what}");

    [GeneratedRegex("""llmops_gateway_mirrored_requests_total\{[^}]*outcome="answered"[^}]*\} 1\n""")]
    private static partial Regex AnsweredOnce();
}
