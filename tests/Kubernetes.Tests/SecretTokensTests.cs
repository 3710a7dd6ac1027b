using System.Text;
using LlmOps.Testing;
using Xunit;

namespace LlmOps.Kubernetes.Tests;

/// <summary>Tokens in Secrets: read rarely, soon enough after a change, and never shown.</summary>
public sealed class SecretTokensTests
{
    private static readonly ObjectKey Name = new("default", "keys");
    private readonly ManualTime time = new();
    private readonly SecretTokens tokens;
    private Func<Task<Secret?>> answer;
    private int reads;

    public SecretTokensTests()
    {
        answer = Holding("first");
        tokens = new((key, _) =>
        {
            Assert.Equal(Name, key);
            Interlocked.Increment(ref reads);
            return answer();
        }, time);
    }

    [Fact]
    public async Task A_token_is_read_once_a_minute_and_the_reading_delays_nobody_who_has_one()
    {
        Assert.Equal("Bearer first", (await ReadAsync()).Header.ToString());
        var slow = new TaskCompletionSource<Secret?>();
        answer = () => slow.Task;
        time.Advance(TimeSpan.FromSeconds(59));
        Assert.Equal("Bearer first", (await ReadAsync()).Header.ToString());
        Assert.Equal(1, reads);

        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("Bearer first", (await ReadAsync()).Header.ToString());
        Assert.Equal("Bearer first", (await ReadAsync()).Header.ToString());
        slow.SetResult(await Holding("second")());
        await Eventually.TrueAsync(async _ => (await ReadAsync()).Header.ToString() == "Bearer second", TimeSpan.FromSeconds(60), () => "the second token is known");
        Assert.Equal(2, reads);
    }

    [Fact]
    public async Task A_refused_token_is_read_anew_at_once_but_not_for_each_of_many_refusals()
    {
        var first = await ReadAsync();
        time.Advance(TimeSpan.FromSeconds(1));
        answer = Holding("second");
        var second = await tokens.RereadAsync(Name, "key", first, CancellationToken.None);
        Assert.Equal("Bearer second", second.Header.ToString());
        Assert.Equal(second, await tokens.RereadAsync(Name, "key", first, CancellationToken.None));
        for (var i = 0; i < 100; i++)
            Assert.Equal(second, await tokens.RereadAsync(Name, "key", second, CancellationToken.None));
        Assert.Equal(2, reads);
        time.Advance(TimeSpan.FromSeconds(1));
        await tokens.RereadAsync(Name, "key", second, CancellationToken.None);
        Assert.Equal(3, reads);
    }

    [Fact]
    public async Task Many_who_ask_at_the_same_time_share_one_reading()
    {
        var slow = new TaskCompletionSource<Secret?>();
        answer = () => slow.Task;
        var asking = Enumerable.Range(0, 50).Select(_ => ReadAsync()).ToList();
        slow.SetResult(await Holding("first")());
        Assert.All(await Task.WhenAll(asking), token => Assert.Equal("Bearer first", token.Header.ToString()));
        Assert.Equal(1, reads);
    }

    [Fact]
    public async Task What_is_missing_or_cannot_be_read_is_a_problem_that_is_looked_at_again_soon()
    {
        answer = () => Task.FromResult<Secret?>(null);
        await ProblemAsync("Secret default/keys does not exist");
        answer = () => Task.FromResult<Secret?>(new Secret());
        await ProblemAsync("Secret default/keys has no key key");
        answer = () => throw new KubernetesException("no", 403, "Forbidden");
        await ProblemAsync("Secret default/keys may not be read: allow get on secrets to this service account");
        answer = () => throw new KubernetesException("no", 500, null);
        await ProblemAsync("Secret default/keys cannot be read now");
        answer = Holding("");
        await ProblemAsync("key key of Secret default/keys is empty");
        answer = Holding("line\n");
        await ProblemAsync("key key of Secret default/keys has characters that an Authorization header cannot carry, such as a line break at its end: write visible ASCII characters alone");
        answer = Holding("there");
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.Null((await ReadAsync()).Problem);
    }

    [Fact]
    public async Task A_hung_reading_ends_and_a_problem_is_not_looked_at_again_at_once()
    {
        answer = () => new TaskCompletionSource<Secret?>().Task;
        var hung = new SecretTokens(async (_, ct) =>
        {
            Interlocked.Increment(ref reads);
            await Task.Delay(Timeout.InfiniteTimeSpan, time, ct);
            return null;
        }, time);
        var reading = hung.ReadAsync(Name, "key", CancellationToken.None).AsTask();
        await time.WaitForTimersAsync(1);
        time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal("Secret default/keys cannot be read now", (await reading).Problem);
        Assert.NotNull((await hung.ReadAsync(Name, "key", CancellationToken.None)).Problem);
        Assert.Equal(1, reads);
    }

    [Fact]
    public async Task A_known_token_stays_when_its_Secret_is_gone_since_what_was_started_with_it_still_asks_for_it()
    {
        var known = await ReadAsync();
        answer = () => Task.FromResult<Secret?>(null);
        time.Advance(TimeSpan.FromMinutes(2));
        await ReadAsync();
        await Eventually.TrueAsync(() => reads == 2, TimeSpan.FromSeconds(60), "it is read again");
        Assert.Equal(known, await tokens.RereadAsync(Name, "key", known, CancellationToken.None));
    }

    [Fact]
    public async Task No_text_of_a_token_or_Secret_shows_its_value()
    {
        var secret = await answer();
        Assert.DoesNotContain("first", $"{await ReadAsync()} {secret}", StringComparison.Ordinal);
        Assert.DoesNotContain(Convert.ToBase64String("first"u8), secret!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_token_goes_into_any_header_of_a_request_and_is_known_where_an_answer_repeats_it()
    {
        var token = await ReadAsync();
        using var request = new HttpRequestMessage();
        Assert.True(token.AddTo(request.Headers, "X-Api-Key", null));
        Assert.True(token.AddTo(request.Headers, "Authorization", "Basic"));
        Assert.False(token.AddTo(request.Headers, "Content-Type", null));
        Assert.Equal(("first", "Basic first"), (request.Headers.GetValues("X-Api-Key").Single(), request.Headers.Authorization!.ToString()));
        Assert.True(token.IsIn("no use for first"u8));
        Assert.False(token.IsIn("no use for it"u8));
        Assert.False(SecretToken.None("gone").IsIn("gone"u8));
        Assert.Throws<InvalidOperationException>(() => SecretToken.None("gone").AddTo(request.Headers, "X-Api-Key", null));
    }

    private async Task ProblemAsync(string expected)
    {
        time.Advance(TimeSpan.FromSeconds(2));
        var token = await ReadAsync();
        Assert.Equal(expected, token.Problem);
        Assert.Throws<InvalidOperationException>(() => token.Header);
        var before = reads;
        await ReadAsync();
        Assert.Equal(before, reads);
    }

    private Task<SecretToken> ReadAsync() => tokens.ReadAsync(Name, "key", CancellationToken.None).AsTask();

    private static Func<Task<Secret?>> Holding(string value) => () => Task.FromResult<Secret?>(new Secret
    {
        Metadata = new ObjectMeta { Namespace = Name.Namespace, Name = Name.Name },
        Data = new Dictionary<string, string> { ["key"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(value)) },
    });
}
