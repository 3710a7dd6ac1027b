namespace LlmOps.Kubernetes;

/// <summary>
/// One candidate's view of a Lease. When another holder last renewed is judged as <see cref="LeaseSighting"/> says. One user at a time.
/// </summary>
internal sealed class LeaseLock(KubernetesClient client, LeaderElectionOptions options, TimeProvider time)
{
    private LeaseSighting? observed;

    /// <summary>Whether it was taken, and nothing stands against it.</summary>
    private bool isOurs;

    private ObjectKey Key => new(options.Namespace, options.LeaseName);

    /// <summary>Who holds the lease, as far as is known; empty for nobody.</summary>
    public string Holder => observed?.Holder ?? string.Empty;

    /// <summary>Why the lease was not taken at the last attempt although it was free; null where it was not free, or taken.</summary>
    public string? Obstacle { get; private set; }

    /// <summary>How long another's lease still holds, counted from when this process saw it change; null where nobody else holds it, and not above zero where it has run out.</summary>
    public TimeSpan? RunsOutIn => Holder.Length > 0 && Holder != options.Identity ? observed!.RunsOutIn(options.LeaseDuration, time) : null;

    /// <summary>Takes the lease where it is free or expired, renews it where it is ours. False where another holds it.</summary>
    /// <exception cref="KubernetesException">Not known: the server did not answer, or another was faster.</exception>
    public async Task<bool> TryAcquireOrRenewAsync(CancellationToken ct)
    {
        // Our own lease was written by us: no need to read it first, the resource version notices everything else.
        if (isOurs)
        {
            try
            {
                Observe(await client.ReplaceAsync(Held(observed!.Lease), ct));
                return true;
            }
            catch (KubernetesException e) when (e.IsConflict || e.IsNotFound)
            {
                (observed, isOurs) = (null, false);
            }
        }

        Obstacle = null;
        var current = await client.GetAsync<Lease>(Key, ct);
        if (!options.IsWanted())
        {
            if (current is not null)
                Observe(current);
            return false;
        }

        if (current is null)
            observed = null;
        else
            Observe(current);
        if (RunsOutIn >= TimeSpan.Zero || (Obstacle = await options.ObstacleAsync(ct)) is not null)
            return false;
        Observe(current is null ? await client.CreateAsync(Held(null), ct) : await client.ReplaceAsync(Held(current), ct));
        if ((Obstacle = await options.ObstacleAsync(ct)) is not null)
        {
            await ReleaseAsync(ct);
            return false;
        }

        isOurs = true;
        return true;
    }

    /// <summary>Gives the lease back, so that the next leader need not wait for its end.</summary>
    public async Task ReleaseAsync(CancellationToken ct)
    {
        if (observed is null || Holder != options.Identity)
            return;
        var ours = observed.Lease;
        (observed, isOurs) = (null, false);
        try
        {
            await client.ReplaceAsync(Released(ours), ct);
        }
        catch (KubernetesException e) when (e.IsConflict)
        {
            // A renewal that was cut off may have arrived all the same.
            var current = await client.GetAsync<Lease>(Key, ct);
            if (current?.Spec?.HolderIdentity == options.Identity)
                await client.ReplaceAsync(Released(current), ct);
        }
    }

    private Lease Released(Lease lease) => lease with
    {
        Spec = lease.Spec! with { HolderIdentity = string.Empty, LeaseDurationSeconds = 1, RenewTime = time.GetUtcNow() },
    };

    private void Observe(Lease lease) => observed = LeaseSighting.Of(lease, observed, time);

    private Lease Held(Lease? current)
    {
        var now = time.GetUtcNow();
        var wasOurs = current?.Spec?.HolderIdentity == options.Identity;
        return new Lease
        {
            Metadata = Labelled(current?.Metadata ?? new ObjectMeta { Namespace = options.Namespace, Name = options.LeaseName }),
            Spec = new LeaseSpec
            {
                HolderIdentity = options.Identity,
                LeaseDurationSeconds = (int)Math.Ceiling(options.LeaseDuration.TotalSeconds),
                AcquireTime = wasOurs ? current!.Spec!.AcquireTime : now,
                RenewTime = now,
                LeaseTransitions = current is null ? 0 : (current.Spec?.LeaseTransitions ?? 0) + (wasOurs ? 0 : 1),
            },
        };
    }

    private ObjectMeta Labelled(ObjectMeta metadata)
    {
        if (options.Labels.All(label => metadata.Labels?.GetValueOrDefault(label.Key) == label.Value))
            return metadata;
        var labels = new Dictionary<string, string>(metadata.Labels ?? new Dictionary<string, string>());
        foreach (var (key, value) in options.Labels)
            labels[key] = value;
        return metadata with { Labels = labels };
    }
}
