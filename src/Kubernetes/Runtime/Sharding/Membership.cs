using System.Text;
using Microsoft.Extensions.Logging;

namespace LlmOps.Kubernetes;

/// <summary>
/// Knows which processes of a group are there: each renews a Lease of its own and looks at those of the others.
/// </summary>
/// <remarks>
/// Guarantees: whether another one is there is judged by when this process saw its lease change, never by the times written in it. While the server does not
/// answer, what was known last stays. Nobody is kept from anything by this: it is advice, and what must not be done twice needs a lease of its own
/// (<see cref="LeaderElector"/>). The own lease is deleted at the end; one that nobody has renewed for ten times its duration is deleted by whoever sees it.
/// RBAC: <c>get</c>, <c>list</c>, <c>create</c>, <c>update</c>, <c>delete</c> on <c>leases</c> of <c>coordination.k8s.io</c> in the namespace.
/// </remarks>
/// <param name="ownClient">A client that nobody else uses, so that renewals do not queue behind other requests.</param>
public sealed class Membership(KubernetesClient ownClient, MembershipOptions options, TimeProvider time, ILogger logger)
{
    private const int ForgottenAfterDurations = 10;
    private static readonly TimeSpan LeaveTimeout = TimeSpan.FromSeconds(2);

    private readonly LeaseSightings sightings = new(options.LeaseDuration, time);
    private readonly ObjectKey key = new(options.Namespace, $"{options.Group}-{NameOf(options.Identity)}");
    private volatile IReadOnlyList<string> members = [];

    /// <summary>Who is there, in order; empty until the first look. With this process from then on, unless its lease could not be written.</summary>
    public IReadOnlyList<string> Members => members;

    /// <summary>Runs until cancelled, and leaves the group then.</summary>
    public async Task RunAsync(CancellationToken ct)
    {
        try
        {
            while (true)
            {
                await LookAsync(ct);
                await Task.Delay(options.RenewPeriod, time, ct);
            }
        }
        catch (Exception) when (ct.IsCancellationRequested)
        {
            // Cancelled, or the look failed in the moment of the end.
            members = [];
            await LeaveAsync();
        }
    }

    private async Task LookAsync(CancellationToken ct)
    {
        using var timeout = new CancellationTokenSource(options.LeaseDuration, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, timeout.Token);
        try
        {
            await RenewAsync(either.Token);
            var list = await ownClient.ListAsync<Lease>(options.Namespace, new() { LabelSelector = $"{options.GroupLabel}={options.Group}" }, either.Token);
            sightings.Observe(list.Items);
            members = [.. sightings.Held.Select(lease => lease.Spec!.HolderIdentity!).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
            foreach (var name in sightings.UnchangedFor(ForgottenAfterDurations * options.LeaseDuration))
                await ownClient.DeleteAsync<Lease>(new(options.Namespace, name), ct: either.Token);
        }
        catch (Exception e) when (!ct.IsCancellationRequested)
        {
            // Whatever stands in the way may pass; until then everything stays as it was.
            Log.LeaseAttemptFailed(logger, key.Name, e.Message);
        }
    }

    private async Task RenewAsync(CancellationToken ct)
    {
        var current = await ownClient.GetAsync<Lease>(key, ct);
        var now = time.GetUtcNow();
        var spec = new LeaseSpec
        {
            HolderIdentity = options.Identity,
            LeaseDurationSeconds = (int)Math.Ceiling(options.LeaseDuration.TotalSeconds),
            AcquireTime = current?.Spec?.HolderIdentity == options.Identity ? current.Spec.AcquireTime : now,
            RenewTime = now,
        };
        if (current is not null)
        {
            await ownClient.ReplaceAsync(current with { Spec = spec }, ct);
            return;
        }

        var labels = new Dictionary<string, string> { [options.GroupLabel] = options.Group };
        await ownClient.CreateAsync(new Lease { Metadata = new() { Namespace = key.Namespace, Name = key.Name, Labels = labels }, Spec = spec }, ct);
    }

    private async Task LeaveAsync()
    {
        try
        {
            using var timeout = new CancellationTokenSource(LeaveTimeout, time);
            await ownClient.DeleteAsync<Lease>(key, ct: timeout.Token);
        }
        catch (Exception e)
        {
            // The others then notice by themselves.
            Log.LeaseAttemptFailed(logger, key.Name, e.Message);
        }
    }

    /// <summary>An identity as part of an object's name. Two that come to the same name would take turns in one lease, so identities are best names already, as those of pods are.</summary>
    private static string NameOf(string identity)
    {
        var name = new StringBuilder(identity.Length);
        foreach (var letter in identity.ToLowerInvariant())
            name.Append(char.IsAsciiLetterOrDigit(letter) || letter is '-' or '.' ? letter : '-');
        return name.ToString().Trim('-', '.');
    }
}
