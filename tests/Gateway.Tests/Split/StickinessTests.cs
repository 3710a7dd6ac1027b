using LlmOps.Api;
using LlmOps.Gateway.Tests.Fakes;

namespace LlmOps.Gateway.Tests.Split;

public sealed class StickinessTests
{
    [Fact]
    public async Task A_session_stays_with_its_track_and_a_user_where_there_is_no_session()
    {
        await using var bed = await GatewayBed.StartAsync(weight: 50);
        foreach (var track in new[] { Tracks.Stable, Tracks.Candidate })
        {
            var key = GatewayBed.Sessions(track, 50).First();
            for (var i = 0; i < 5; i++)
            {
                Assert.Equal(track, (await bed.ChatAsync(session: key)).Track);
                Assert.Equal(track, (await bed.ChatAsync(GatewayBed.Body(extra: $",\"user\":\"{key}\""))).Track);
            }
        }
    }

    [Fact]
    public async Task The_session_header_wins_over_the_user_and_is_ignored_where_users_stick()
    {
        await using var bed = await GatewayBed.StartAsync(weight: 50);
        var (stable, candidate) = (GatewayBed.Sessions(Tracks.Stable, 50).First(), GatewayBed.Sessions(Tracks.Candidate, 50).First());
        var body = GatewayBed.Body(extra: $",\"user\":\"{candidate}\"");

        Assert.Equal(Tracks.Stable, (await bed.ChatAsync(body, session: stable)).Track);

        bed.Weigh(50, stickiness: "user");
        Assert.Equal(Tracks.Candidate, (await bed.ChatAsync(body, session: stable)).Track);
    }

    [Fact]
    public async Task An_escaped_user_is_the_same_user()
    {
        await using var bed = await GatewayBed.StartAsync(weight: 50);
        var key = GatewayBed.Sessions(Tracks.Candidate, 50).First();
        var escaped = string.Concat(key.Select(c => $"\\u{(int)c:x4}"));
        for (var i = 0; i < 10; i++)
            Assert.Equal(Tracks.Candidate, (await bed.ChatAsync(GatewayBed.Body(extra: $",\"user\":\"{escaped}\""))).Track);
    }

    [Fact]
    public async Task A_higher_weight_moves_sessions_to_the_candidate_only_and_weight_0_moves_them_back_at_the_next_request()
    {
        await using var bed = await GatewayBed.StartAsync();
        var sessions = Enumerable.Range(0, 40).Select(i => $"u{i}").ToArray();
        var onCandidate = new HashSet<string>();
        foreach (var weight in new[] { 5, 25, 50, 100 })
        {
            bed.Weigh(weight, epoch: weight);
            var now = new HashSet<string>();
            foreach (var session in sessions)
            {
                if ((await bed.ChatAsync(session: session)).Track == Tracks.Candidate)
                    now.Add(session);
            }

            Assert.Superset(onCandidate, now);
            onCandidate = now;
        }

        Assert.Equal(sessions.Length, onCandidate.Count);
        bed.Weigh(0, epoch: 101);
        foreach (var session in sessions)
            Assert.Equal(Tracks.Stable, (await bed.ChatAsync(session: session)).Track);
    }

    [Fact]
    public async Task A_revert_by_degrees_moves_sessions_to_stable_at_their_next_request_and_none_the_other_way()
    {
        await using var bed = await GatewayBed.StartAsync(weight: 95);
        var moved = GatewayBed.Sessions(Tracks.Candidate, 95).Take(40).ToArray();
        foreach (var session in moved)
            Assert.Equal(Tracks.Candidate, (await bed.ChatAsync(session: session)).Track);

        // What stable cannot carry yet stays; then the candidate is no longer in the status at all.
        var onCandidate = moved.ToHashSet();
        foreach (var weight in new[] { 50, 25 })
        {
            bed.Weigh(weight, epoch: 100 - weight);
            var now = new HashSet<string>();
            foreach (var session in moved)
            {
                if ((await bed.ChatAsync(session: session)).Track == Tracks.Candidate)
                    now.Add(session);
            }

            Assert.ProperSubset(onCandidate, now);
            onCandidate = now;
        }

        Assert.NotEmpty(onCandidate);
        bed.Gateway.Routes.Apply(null, Cluster.Deployment(stable: Cluster.Release("r-stable", "stable", 100), epoch: 99));
        foreach (var session in moved)
        {
            var reply = await bed.ChatAsync(session: session);
            Assert.Equal((Tracks.Stable, "r-stable"), (reply.Track, reply.Release));
        }
    }

    [Fact]
    public async Task Requests_without_a_key_are_split_one_by_one()
    {
        await using var bed = await GatewayBed.StartAsync(weight: 50);
        var tracks = new List<string?>();
        for (var i = 0; i < 60; i++)
            tracks.Add((await bed.ChatAsync()).Track);
        // Each outcome has probability 2^-60 of being absent.
        Assert.Contains(Tracks.Stable, tracks);
        Assert.Contains(Tracks.Candidate, tracks);
    }
}
