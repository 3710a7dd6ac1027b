using System.Net;
using System.Net.Sockets;
using System.Text;
using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Gathering.Checks;
using LlmOps.Operator.Tests.World;
using LlmOps.Rollouts;
using LlmOps.Testing;
using Xunit;

namespace LlmOps.Operator.Tests.Gathering.Checks;

/// <summary>Everything that an API can answer with, over real HTTP, and what may be asked at all.</summary>
public sealed class HttpSourceTests : IDisposable
{
    private const string Pointer = "/data/0/score";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly CredentialHeader Bearer = new() { Name = "Authorization", Scheme = "Bearer", SecretKeyRef = new SecretKeyReference { Name = "evals", Key = "token" } };

    private readonly HttpClient http = new(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false }) { Timeout = Timeout.InfiniteTimeSpan };
    private readonly ManualTime time = new();
    private readonly List<ObjectKey> secretsRead = [];
    private Dictionary<string, string>? secret = new() { ["token"] = "s3cret" };

    public void Dispose() => http.Dispose();

    public static TheoryData<string, string, double> Numbers => new()
    {
        { Pointer, """{"data":[{"score":0.93}]}""", 0.93 },
        { Pointer, """{"data":[{"score":"0.93"}]}""", 0.93 },
        { Pointer, """{"data":[{"score":-1e-3},{"score":7}]}""", -0.001 },
        { Pointer, """{"data":[{"score":0}]}""", 0 },
        { "", " 12 ", 12 },
        { "", "\"12\"", 12 },
        { "/0", "[1,2]", 1 },
    };

    public static TheoryData<string, Verdict, string> Silences => new()
    {
        { "", Verdict.NoData, "the answer is empty" },
        { "{}", Verdict.NoData, "nothing at /data/0/score" },
        { "[]", Verdict.NoData, "nothing at /data/0/score" },
        { """{"data":[]}""", Verdict.NoData, "nothing at /data/0/score" },
        { """{"data":{"1":{"score":1}}}""", Verdict.NoData, "nothing at /data/0/score" },
        { "null", Verdict.NoData, "nothing at /data/0/score" },
        { """{"data":[{"score":null}]}""", Verdict.NoData, "is null" },
        { """{"data":[{"score":""}]}""", Verdict.NoData, "is empty" },
        { """{"data":[{"score":" "}]}""", Verdict.NoData, "is empty" },
        { """{"data":[{"score":[]}]}""", Verdict.NoData, "is empty" },
        { """{"data":[{"score":{}}]}""", Verdict.NoData, "is empty" },
        { """{"data":[{"score":"NaN"}]}""", Verdict.NoData, "not a finite number" },
        { """{"data":[{"score":"-Infinity"}]}""", Verdict.NoData, "not a finite number" },
        { """{"data":[{"score":1e999}]}""", Verdict.NoData, "not a finite number" },
        { """{"data":[{"score":"many"}]}""", Verdict.ProviderError, "is a text and not a number" },
        { """{"data":[{"score":"0x10"}]}""", Verdict.ProviderError, "is a text and not a number" },
        { """{"data":[{"score":true}]}""", Verdict.ProviderError, "is true or false" },
        { """{"data":[{"score":[1]}]}""", Verdict.ProviderError, "is an array" },
        { """{"data":[{"score":{"value":1}}]}""", Verdict.ProviderError, "is an object" },
        { """{"data":[{"score":NaN}]}""", Verdict.ProviderError, "not JSON" },
        { "<html>login</html>", Verdict.ProviderError, "not JSON" },
        { """{"data":[{"score":1}]""", Verdict.ProviderError, "cut off" },
        { """{"data":[{"score":1}]} {}""", Verdict.ProviderError, "not JSON" },
        { """{"data":[{"score":"\ud800"}]}""", Verdict.ProviderError, "not JSON" },
        { new string('[', 100), Verdict.ProviderError, "not JSON" },
    };

    [Theory]
    [MemberData(nameof(Numbers))]
    public async Task A_number_is_read_where_the_pointer_leads(string pointer, string body, double value)
    {
        await using var api = await FakeMetricApi.StartAsync();
        api.Reply = _ => PrometheusReply.Body(body);
        Assert.Equal(Reading.Of(value), await AskAsync(api, pointer));
    }

    [Theory]
    [MemberData(nameof(Silences))]
    public async Task What_is_no_number_is_never_0(string body, Verdict verdict, string says)
    {
        await using var api = await FakeMetricApi.StartAsync();
        api.Reply = _ => PrometheusReply.Body(body);
        CheckSilence(await AskAsync(api), verdict, says);
    }

    [Theory]
    [InlineData(204, Verdict.NoData, "the answer is empty")]
    [InlineData(302, Verdict.ProviderError, "answered HTTP 302, and redirects are not followed")]
    [InlineData(401, Verdict.ProviderError, "answered HTTP 401")]
    [InlineData(404, Verdict.ProviderError, "answered HTTP 404")]
    [InlineData(500, Verdict.ProviderError, "answered HTTP 500")]
    public async Task A_status_that_is_no_success_is_an_error_whatever_the_body_says(int status, Verdict verdict, string says)
    {
        await using var elsewhere = await FakeMetricApi.StartAsync();
        await using var api = await FakeMetricApi.StartAsync();
        api.Reply = _ => new((context, _) =>
        {
            context.Response.StatusCode = status;
            context.Response.Headers.Location = elsewhere.Address.ToString();
            return status == 204 ? Task.CompletedTask : Microsoft.AspNetCore.Http.HttpResponseWritingExtensions.WriteAsync(context.Response, """{"data":[{"score":1}]}""");
        });
        CheckSilence(await AskAsync(api), verdict, says);
        Assert.Empty(elsewhere.Requests);
    }

    [Fact]
    public async Task An_answer_that_breaks_off_is_too_large_or_cannot_be_had_is_an_error()
    {
        await using var api = await FakeMetricApi.StartAsync();
        api.Reply = _ => PrometheusReply.CutOff;
        CheckSilence(await AskAsync(api), Verdict.ProviderError, "broke the answer off");
        api.Reply = _ => PrometheusReply.TooLarge;
        CheckSilence(await AskAsync(api), Verdict.ProviderError, "more than 256 KiB");
        CheckSilence(await AskAsync(Refusing()), Verdict.ProviderError, "cannot be reached");
    }

    [Fact]
    public async Task An_API_that_hangs_is_given_up_after_five_seconds()
    {
        await using var api = await FakeMetricApi.StartAsync();
        api.Reply = _ => PrometheusReply.Hang;
        var asked = AskAsync(api);
        await Eventually.TrueAsync(() => api.Pending == 1, Patience, "it hangs");
        time.Advance(MetricHttp.Timeout - TimeSpan.FromMilliseconds(1));
        Assert.False(asked.IsCompleted);
        time.Advance(TimeSpan.FromMilliseconds(1));
        CheckSilence(await asked, Verdict.ProviderError, "gave no answer in 5 s");
    }

    [Fact]
    public async Task Credentials_come_from_the_Secret_and_are_read_anew_when_they_are_refused()
    {
        await using var api = await FakeMetricApi.StartAsync();
        api.Reply = _ => PrometheusReply.Body("1", api.Requests.Last().Authorization == "Bearer newer" ? 200 : 401);
        var source = Source(api.Address);
        CheckSilence(await AskAsync(source, api.Address, "", Bearer), Verdict.ProviderError, "answered HTTP 401");
        Assert.Equal("Bearer s3cret", Assert.Single(api.Requests).Authorization);

        secret = new() { ["token"] = "newer" };
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(Reading.Of(1), await AskAsync(source, api.Address, "", Bearer));
        Assert.Equal(["Bearer s3cret", "Bearer s3cret", "Bearer newer"], api.Requests.Select(request => request.Authorization));
        // In the namespace of the LlmDeployment, whatever the spec says.
        Assert.All(secretsRead, key => Assert.Equal(new ObjectKey("default", "evals"), key));

        await AskAsync(source, api.Address, "", Bearer with { Name = "X-Api-Key", Scheme = null });
        Assert.Equal((string.Empty, "newer"), (api.Requests.Last().Authorization, api.Requests.Last().ApiKey));
    }

    [Fact]
    public async Task Without_its_Secret_nobody_is_asked()
    {
        await using var api = await FakeMetricApi.StartAsync();
        secret = null;
        CheckSilence(await AskAsync(api, header: Bearer), Verdict.ProviderError, "Secret default/evals does not exist");
        secret = new() { ["other"] = "x" };
        CheckSilence(await AskAsync(api, header: Bearer), Verdict.ProviderError, "Secret default/evals has no key token");
        secret = new() { ["token"] = "s3cret\r\nHost: elsewhere" };
        CheckSilence(await AskAsync(api, header: Bearer), Verdict.ProviderError, "visible ASCII characters alone");
        Assert.Empty(api.Requests);
    }

    [Theory]
    [InlineData(200)]
    [InlineData(401)]
    public async Task Credentials_that_are_repeated_are_in_no_message_and_are_no_number(int status)
    {
        await using var api = await FakeMetricApi.StartAsync();
        secret = new() { ["token"] = "12345" };
        api.Reply = _ => PrometheusReply.Body("""{"data":[{"score":12345}],"error":"no use for 12345"}""", status);
        var reading = await AskAsync(api, header: Bearer);
        Assert.Equal(Verdict.ProviderError, reading.Silence);
        Assert.DoesNotContain("12345", reading.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Neither_path_nor_query_of_the_URL_is_in_a_message()
    {
        await using var api = await FakeMetricApi.StartAsync();
        api.Reply = _ => PrometheusReply.Body("no", 500);
        var reading = await AskAsync(Source(api.Address), new Uri(api.Address, "/tenant-7?key=s3cret"), Pointer, null);
        Assert.Equal($"{api.Address.Authority} answered HTTP 500", reading.Problem);
    }

    [Theory]
    [InlineData("https://evals.example.com/api/{{release}}", true)]
    [InlineData("https://evals.example.com/api?r={{release}}", true)]
    [InlineData("https://EVALS.example.com:443/api/a/../{{release}}", true)]
    [InlineData("https://evals.example.com/api/q?next=/../{{release}}", true)]
    [InlineData("https://any.example.com/where/ever/{{release}}", true)]
    [InlineData("http://evals.example.com/api/{{release}}", false)]
    [InlineData("https://evals.example.com:8443/api/{{release}}", false)]
    [InlineData("https://evals.example.com/apis/{{release}}", false)]
    [InlineData("https://evals.example.com/{{release}}", false)]
    [InlineData("https://evals.example.com/api/../{{release}}", false)]
    [InlineData("https://evals.example.com/api/%2e%2e/{{release}}", false)]
    [InlineData("https://evals.example.com/api/..%2f{{release}}", false)]
    [InlineData("https://evals.example.com/api/%252e%252e/{{release}}", false)]
    [InlineData("https://evals.example.com/api/..;/{{release}}", false)]
    [InlineData("https://evals.example.com/api\\..\\{{release}}", false)]
    [InlineData("https://evals.example.com.evil.net/api/{{release}}", false)]
    [InlineData("https://evals.example.com@evil.net/api/{{release}}", false)]
    [InlineData("https://any.example.com@evil.net/{{release}}", false)]
    [InlineData("http://169.254.169.254/latest/meta-data/{{release}}", false)]
    [InlineData("file:///etc/{{release}}", false)]
    [InlineData("https://evals.example.com:99999999/api/{{release}}", false)]
    public void Only_what_is_below_an_allowed_URL_is_asked(string url, bool isAllowed)
    {
        var check = new CheckSpec { Name = "a", Http = new HttpQuery { Url = url, Value = "" }, Max = 1 };
        var source = Source(new("https://evals.example.com/api"), new("https://any.example.com/"));
        var asked = source.Phrase(check, Scope);
        Assert.Equal(isAllowed, asked.Question is not null);
        if (!isAllowed)
            Assert.Equal(Verdict.ProviderError, asked.Problem!.Silence);
        // Closed where nobody opened it.
        Assert.Null(Source().Phrase(check, Scope).Question);
    }

    [Fact]
    public void What_cannot_be_asked_says_what_to_do()
    {
        Assert.Contains("--allow-check-url", Problem("https://evals.example.com/{{release}}"), StringComparison.Ordinal);
        Assert.Contains("the URL has the placeholder {{relase}}, which does not exist", Problem("https://evals.example.com/{{relase}}"), StringComparison.Ordinal);
        Assert.Contains("is not a URL", Problem("evals/{{release}}"), StringComparison.Ordinal);
        Assert.Contains("is not a URL", Problem("https://user:s3cret@evals.example.com/{{release}}"), StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", Problem("https://user:s3cret@evals.example.com/{{release}}"), StringComparison.Ordinal);
    }

    [Fact]
    public void An_equal_spec_asks_an_equal_question()
    {
        var source = Source(new Uri("https://evals.example.com/"));
        var check = new CheckSpec { Name = "a", Http = new HttpQuery { Url = "https://evals.example.com/{{release}}", Value = "/a", Header = Bearer }, Max = 1 };
        Assert.Equal(source.Phrase(check, Scope), source.Phrase(check with { Http = check.Http with { Header = Bearer with { } } }, Scope));
        Assert.NotEqual(source.Phrase(check, Scope), source.Phrase(check with { Http = check.Http with { Value = "/b" } }, Scope));
        Assert.NotEqual(source.Phrase(check, Scope), source.Phrase(check, Scope with { Release = "r1" }));
    }

    private static QueryScope Scope { get; } = new("default", "bot", "r2", "s2", "bot-s2", Tracks.Candidate, "2m", EngineTypes.VLlm);

    private static void CheckSilence(Reading reading, Verdict verdict, string says)
    {
        Assert.Equal(verdict, reading.Silence);
        Assert.Contains(says, reading.Problem, StringComparison.Ordinal);
    }

    private string Problem(string url) => Source().Phrase(new CheckSpec { Name = "a", Http = new HttpQuery { Url = url, Value = "" } }, Scope).Problem!.Problem!;

    private HttpSource Source(params Uri[] allowed) => new(
        allowed,
        http,
        new SecretTokens(
            (key, _) =>
            {
                secretsRead.Add(key);
                return Task.FromResult(secret is null ? null : new Secret { Metadata = new ObjectMeta { Name = key.Name }, Data = secret.ToDictionary(pair => pair.Key, pair => Convert.ToBase64String(Encoding.UTF8.GetBytes(pair.Value))) });
            },
            time),
        time);

    private Task<Reading> AskAsync(FakeMetricApi api, string pointer = Pointer, CredentialHeader? header = null) => AskAsync(Source(api.Address), api.Address, pointer, header);

    private Task<Reading> AskAsync(Uri address) => AskAsync(Source(address), address, Pointer, null);

    private static Task<Reading> AskAsync(HttpSource source, Uri address, string pointer, CredentialHeader? header)
    {
        var check = new CheckSpec { Name = "a", Http = new HttpQuery { Url = address.AbsoluteUri, Value = pointer, Header = header }, Max = 1 };
        return source.Phrase(check, Scope).Question!.AskAsync(TimeSpan.FromMinutes(3), CancellationToken.None);
    }

    /// <summary>A port that was free a moment ago.</summary>
    private static Uri Refusing()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return new($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}");
    }
}
