using System.Collections.Concurrent;
using System.Text;

namespace LlmOps.Kubernetes;

/// <summary>
/// Bearer tokens that Secrets hold. Guarantees: a Secret is read by its name and never listed or watched; a token that is in use is read anew a minute after the last
/// reading and, through <see cref="RereadAsync"/>, as soon as somebody refuses it; one reading at a time for each; never throws but on cancellation. A token that was known stays
/// when its Secret cannot be read any more: what was started with it still asks for it. RBAC: get on secrets. Thread safe.
/// </summary>
/// <param name="get">Reads a Secret; null where there is none.</param>
public sealed class SecretTokens(Func<ObjectKey, CancellationToken, Task<Secret?>> get, TimeProvider time)
{
    /// <summary>Tokens that are kept at most; of more, those that were used least recently are read again when they are used.</summary>
    public const int MaxKept = 10_000;

    private static readonly TimeSpan FreshFor = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(2);

    /// <summary>Whoever refuses a token may do so for each of many requests.</summary>
    private static readonly TimeSpan RereadEvery = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    private readonly ConcurrentDictionary<(ObjectKey Secret, string Key), Entry> entries = new();

    public SecretTokens(KubernetesClient client, TimeProvider time)
        : this(client.GetAsync<Secret>, time)
    {
    }

    /// <summary>The token under a key of a Secret. Waits only where none is known yet.</summary>
    public async ValueTask<SecretToken> ReadAsync(ObjectKey secret, string key, CancellationToken ct)
    {
        var entry = Find(secret, key);
        var known = entry.Known;
        if (known is not null && time.GetElapsedTime(entry.ReadAt) < (known.Problem is null ? FreshFor : RetryAfter))
            return known;
        var reading = Begin(entry, secret, key);
        return known is { Problem: null } ? known : await reading.WaitAsync(ct);
    }

    /// <summary>A token was refused: what its Secret holds now, read at most once a second.</summary>
    /// <returns>The same one where nothing else is known.</returns>
    public async ValueTask<SecretToken> RereadAsync(ObjectKey secret, string key, SecretToken refused, CancellationToken ct)
    {
        var entry = Find(secret, key);
        return entry.Known is { } known && (!known.Equals(refused) || time.GetElapsedTime(entry.ReadAt) < RereadEvery)
            ? known
            : await Begin(entry, secret, key).WaitAsync(ct);
    }

    /// <summary>Asks somebody with the token; where that is refused, it is read anew and, where it changed, tried once more.</summary>
    /// <param name="ask">Asks once; is given tokens with a problem too, and says so in its answer.</param>
    /// <param name="isRefused">Whether the answer says that the token is not accepted.</param>
    public async Task<TAnswer> AskAsync<TAnswer>(ObjectKey secret, string key, Func<SecretToken, Task<TAnswer>> ask, Predicate<TAnswer> isRefused, CancellationToken ct)
    {
        var token = await ReadAsync(secret, key, ct);
        var answer = await ask(token);
        if (!isRefused(answer))
            return answer;
        var newer = await RereadAsync(secret, key, token, ct);
        return newer.Equals(token) ? answer : await ask(newer);
    }

    private Entry Find(ObjectKey secret, string key)
    {
        if (!entries.TryGetValue((secret, key), out var entry))
        {
            if (entries.Count >= MaxKept)
                ForgetHalf();
            entry = entries.GetOrAdd((secret, key), static _ => new Entry());
        }

        entry.UsedAt = time.GetTimestamp();
        return entry;
    }

    private void ForgetHalf()
    {
        foreach (var old in entries.OrderBy(entry => entry.Value.UsedAt).Take(MaxKept / 2).ToList())
            entries.TryRemove(old.Key, out _);
    }

    private Task<SecretToken> Begin(Entry entry, ObjectKey secret, string key)
    {
        lock (entry)
        {
            if (entry.Reading is not { IsCompleted: false })
                entry.Reading = Task.Run(() => RefreshAsync(entry, secret, key));
            return entry.Reading;
        }
    }

    private async Task<SecretToken> RefreshAsync(Entry entry, ObjectKey secret, string key)
    {
        var read = await LoadAsync(secret, key);
        var kept = read.Problem is not null && entry.Known is { Problem: null } before ? before : read;
        // In this order: who sees the time must see the token.
        entry.Known = kept;
        entry.ReadAt = time.GetTimestamp();
        return kept;
    }

    private async Task<SecretToken> LoadAsync(ObjectKey secret, string key)
    {
        try
        {
            using var timeout = new CancellationTokenSource(Timeout, time);
            var found = await get(secret, timeout.Token);
            return found is null ? SecretToken.None($"Secret {secret} does not exist")
                : found.Data is not { } data || !data.TryGetValue(key, out var encoded) ? SecretToken.None($"Secret {secret} has no key {key}")
                : SecretToken.Of(Encoding.UTF8.GetString(Convert.FromBase64String(encoded)), $"key {key} of Secret {secret}");
        }
        catch (KubernetesException e) when (e.IsForbidden)
        {
            return SecretToken.None($"Secret {secret} may not be read: allow get on secrets to this service account");
        }
        catch (Exception)
        {
            // Whatever it is: the token is not known, and the text of an exception is no place to trust with what was read.
            return SecretToken.None($"Secret {secret} cannot be read now");
        }
    }

    private sealed class Entry
    {
        private long readAt;
        private long usedAt;
        private volatile SecretToken? known;

        public SecretToken? Known
        {
            get => known;
            set => known = value;
        }

        public long ReadAt
        {
            get => Interlocked.Read(ref readAt);
            set => Interlocked.Exchange(ref readAt, value);
        }

        public long UsedAt
        {
            get => Interlocked.Read(ref usedAt);
            set => Interlocked.Exchange(ref usedAt, value);
        }

        public Task<SecretToken>? Reading { get; set; }
    }
}
