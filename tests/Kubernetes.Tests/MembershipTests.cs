using LlmOps.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace LlmOps.Kubernetes.Tests;

public sealed class MembershipTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly ManualTime time = new();
    private readonly List<Member> members = [];
    private InProcessApiServer server = null!;

    public async Task InitializeAsync() => server = await InProcessApiServer.StartAsync();

    public async Task DisposeAsync()
    {
        foreach (var member in members)
        {
            await member.LeaveAsync();
            member.Dispose();
        }

        await server.DisposeAsync();
    }

    private sealed class Member : IDisposable
    {
        private readonly CancellationTokenSource stop = new();
        private readonly KubernetesClient client;
        private readonly QuietClock clock;
        private readonly Task run;

        public Member(MembershipTests bed, string identity)
        {
            Agent = $"member-{identity}";
            client = new KubernetesClient(bed.server.Configuration with { UserAgent = Agent });
            var options = new MembershipOptions { Namespace = "default", Group = "operators", GroupLabel = "test.dev/group", Identity = identity };
            clock = new(bed.time, options.RenewPeriod);
            Membership = new(client, options, clock, NullLogger.Instance);
            run = Task.Run(() => Membership.RunAsync(stop.Token));
            bed.members.Add(this);
        }

        public Membership Membership { get; }

        public string Agent { get; }

        /// <summary>Whether nothing happens here until time passes.</summary>
        public bool IsQuiet => clock.IsSleeping || run.IsCompleted;

        public async Task LeaveAsync()
        {
            await stop.CancelAsync();
            await run.WaitAsync(Patience);
        }

        public void Dispose()
        {
            client.Dispose();
            stop.Dispose();
        }
    }

    /// <summary>Lets time pass until something holds: by a second whenever everybody has got to their next wait, so that none is late because a machine is slow.</summary>
    private Task UntilAsync(Func<bool> condition, Func<string> describe) => Eventually.TrueAsync(
        () =>
        {
            if (!members.TrueForAll(member => member.IsQuiet))
                return false;
            if (condition())
                return true;
            time.Advance(TimeSpan.FromSeconds(1));
            return false;
        },
        Patience,
        describe);

    private Task UntilAllSeeAsync(IReadOnlyList<Member> who, params string[] expected) => UntilAsync(
        () => who.All(member => member.Membership.Members.SequenceEqual(expected)),
        () => string.Join("; ", who.Select(member => $"{member.Agent} sees {string.Join(", ", member.Membership.Members)}")));

    [Fact]
    public async Task Those_who_come_see_each_other_and_one_who_leaves_is_gone_at_once()
    {
        var (a, b) = (new Member(this, "a"), new Member(this, "Pod_B"));
        await UntilAllSeeAsync([a, b], "Pod_B", "a");
        Assert.Equal(["operators-a", "operators-pod-b"], server.FindAll("leases.coordination.k8s.io", "default").Select(lease => (string)lease["metadata"]!["name"]!).Order());

        await b.LeaveAsync();
        Assert.Empty(b.Membership.Members);
        Assert.Null(server.Find("leases.coordination.k8s.io", "default", "operators-pod-b"));
        await UntilAllSeeAsync([a], "a");
    }

    [Fact]
    public async Task One_who_is_silent_is_gone_after_the_duration_of_its_lease_and_its_lease_is_deleted_much_later()
    {
        var (a, b) = (new Member(this, "a"), new Member(this, "b"));
        await UntilAllSeeAsync([a, b], "a", "b");
        server.Faults.When(request => request.UserAgent == b.Agent, FaultEffect.ResetBefore);
        var silent = time.GetUtcNow();
        await UntilAllSeeAsync([a], "a");
        Assert.InRange(time.GetUtcNow() - silent, TimeSpan.FromSeconds(13), TimeSpan.FromSeconds(22));
        // It cannot know, and holds on to what it saw last.
        Assert.Equal(["a", "b"], b.Membership.Members);

        Assert.NotNull(server.Find("leases.coordination.k8s.io", "default", "operators-b"));
        await UntilAsync(() => server.Find("leases.coordination.k8s.io", "default", "operators-b") is null, () => "the lease of the dead to be deleted");
        Assert.True(time.GetUtcNow() - silent > TimeSpan.FromSeconds(150));
    }
}
