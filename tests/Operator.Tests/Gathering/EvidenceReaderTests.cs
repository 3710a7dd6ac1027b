using System.Collections.Concurrent;
using LlmOps.Kubernetes;
using LlmOps.Operator.Gathering;
using LlmOps.Rollouts;
using LlmOps.Testing;
using Xunit;

namespace LlmOps.Operator.Tests.Gathering;

/// <summary>Several gateways, some of which are slow or silent, on a clock of the test.</summary>
public sealed class EvidenceReaderTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly ManualTime time = new();
    private readonly Gateways gateways = new();
    private readonly HttpClient http;
    private readonly EvidenceReader reader;
    private readonly List<string> addresses = ["10.0.0.1", "10.0.0.2"];

    public EvidenceReaderTests()
    {
        http = new HttpClient(gateways) { Timeout = Timeout.InfiniteTimeSpan };
        reader = new EvidenceReader(http, Slices, new ObjectKey("ns", "gateways"), time);
    }

    public void Dispose() => http.Dispose();

    [Fact]
    public async Task All_that_answer_are_read_at_once()
    {
        var read = await ReadAsync();
        Assert.Null(read.ProviderError);
        Assert.Equal(["10.0.0.1", "10.0.0.2"], read.Rows.Select(row => row.Process));
    }

    [Fact]
    public async Task What_answers_were_like_is_the_mean_of_the_gateways_by_their_answers()
    {
        gateways.Recent["10.0.0.1"] = """{"stable":{"ttftSeconds":{"answers":300,"p50":0.2,"p95":0.4}}}""";
        Assert.Equal(new RecentAnswers(new(new(300, 0.2, 0.4)), new()), (await ReadAsync()).RecentAnswers);

        time.Advance(TimeSpan.FromMilliseconds(250));
        gateways.Recent["10.0.0.2"] = """{"stable":{"ttftSeconds":{"answers":100,"p50":0.6,"p95":0.8}},"candidate":{"outputTokens":{"answers":7,"p50":20,"p95":30}}}""";
        Assert.Equal(new RecentAnswers(new(new(400, 0.3, 0.5)), new(OutputTokens: new(7, 20, 30))), (await ReadAsync()).RecentAnswers);
    }

    [Fact]
    public async Task A_gateway_that_never_answers_holds_the_others_evidence_up_once_for_a_tenth_of_a_second_and_never_for_longer()
    {
        gateways.Silent.TryAdd("10.0.0.2", true);
        var first = ReadAsync();
        await time.WaitForTimersAsync(2).WaitAsync(Patience);
        Assert.False(first.IsCompleted);
        time.Advance(TimeSpan.FromMilliseconds(100));
        var read = await first.WaitAsync(Patience);
        Assert.Equal("10.0.0.1", Assert.Single(read.Rows).Process);
        Assert.Equal("1 of 2 gateways cannot be read (10.0.0.2: no answer yet)", read.ProviderError);

        // No time passes in any of these.
        for (var i = 0; i < 5; i++)
        {
            time.Advance(TimeSpan.FromMilliseconds(250));
            Assert.Single((await ReadAsync().WaitAsync(Patience)).Rows);
        }

        Assert.Equal(1, gateways.Asked("10.0.0.2"));
        Assert.Equal(6, gateways.Asked("10.0.0.1"));
        time.Advance(TimeSpan.FromSeconds(2));
        await Eventually.TrueAsync(async _ => (await ReadWithGraceAsync()).ProviderError == "1 of 2 gateways cannot be read (10.0.0.2: no answer in 2 s)", Patience, () => "it is given up");
    }

    [Fact]
    public async Task What_a_gateway_said_last_counts_for_two_seconds_while_it_is_silent()
    {
        Assert.Equal(2, (await ReadAsync()).Rows.Count);
        gateways.Silent.TryAdd("10.0.0.2", true);
        time.Advance(TimeSpan.FromMilliseconds(250));
        var read = await ReadWithGraceAsync();
        Assert.Null(read.ProviderError);
        Assert.Equal(2, read.Rows.Count);

        time.Advance(TimeSpan.FromMilliseconds(1700));
        read = await ReadAsync();
        Assert.Equal("10.0.0.1", Assert.Single(read.Rows).Process);
        Assert.NotNull(read.ProviderError);
    }

    [Fact]
    public async Task A_hundred_rollouts_share_a_reading()
    {
        await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => ReadAsync()));
        Assert.Equal(1, gateways.Asked("10.0.0.1"));
    }

    [Fact]
    public async Task A_gateway_that_is_gone_is_neither_asked_nor_missed()
    {
        gateways.Silent.TryAdd("10.0.0.2", true);
        await ReadWithGraceAsync();
        addresses.Remove("10.0.0.2");
        time.Advance(TimeSpan.FromMilliseconds(250));
        var read = await ReadAsync();
        Assert.Null(read.ProviderError);
        Assert.Single(read.Rows);
    }

    private Task<EvidenceObservation> ReadAsync() => reader.ReadAsync("ns", "bot", "9a3b12cd", needsGateway: true, CancellationToken.None);

    private async Task<EvidenceObservation> ReadWithGraceAsync()
    {
        var reading = ReadAsync();
        time.Advance(TimeSpan.FromMilliseconds(100));
        return await reading.WaitAsync(Patience);
    }

    private List<EndpointSlice> Slices() =>
    [
        new EndpointSlice
        {
            Metadata = new ObjectMeta { Name = "gateways", Namespace = "ns" },
            Endpoints = [.. addresses.Select(address => new Endpoint { Addresses = [address] })],
            Ports = [new EndpointPort { Name = "admin", Port = 8001 }],
        },
    ];

    private sealed class Gateways : HttpMessageHandler
    {
        private readonly ConcurrentQueue<string> asked = new();

        public ConcurrentDictionary<string, bool> Silent { get; } = new();

        /// <summary>What they say that answers were like.</summary>
        public ConcurrentDictionary<string, string> Recent { get; } = new();

        public int Asked(string address) => asked.Count(host => host == address);

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var host = request.RequestUri!.Host;
            asked.Enqueue(host);
            if (Silent.ContainsKey(host))
                await Task.Delay(Timeout.Infinite, cancellationToken);
            return new HttpResponseMessage
            {
                Content = new StringContent($$$"""
                    {"process":"{{{host}}}","rollouts":[{"namespace":"ns","name":"bot","rollout":"9a3b12cd","epochs":[
                      {"epoch":1,"weight":25,"stable":{"requests":75},"candidate":{"requests":25,"errors":20}}],"recent":{{{Recent.GetValueOrDefault(host, "null")}}}}]}
                    """),
            };
        }
    }
}
