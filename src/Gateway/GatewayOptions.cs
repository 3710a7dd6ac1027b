using System.Net;

namespace LlmOps.Gateway;

/// <summary>Everything that can be set about a gateway; the command line and tests make it.</summary>
internal sealed record GatewayOptions
{
    /// <summary>Address of both ports. Default: all.</summary>
    public IPAddress Bind { get; init; } = IPAddress.IPv6Any;

    /// <summary>Port of the OpenAI API. 0 takes a free one. Default 8000.</summary>
    public int ClientPort { get; init; } = 8000;

    /// <summary>Port of health, metrics and evidence. 0 takes a free one. Default 8001.</summary>
    public int AdminPort { get; init; } = 8001;

    /// <summary>Largest request body in bytes; a larger one is answered with 413. Default 4 MiB.</summary>
    public int MaxBodyBytes { get; init; } = 4 * 1024 * 1024;

    /// <summary>Requests in the house at one time, of every path; further ones are answered with 503. Default 10,000.</summary>
    public int MaxConcurrentRequests { get; init; } = 10_000;

    /// <summary>TCP connections to one port at one time; further ones are closed. Default 20,000: twice the requests, so that one that is refused hears why.</summary>
    public int MaxConnections { get; init; } = 20_000;

    /// <summary>Header lines of a request; one with more is answered with 431. Default 100.</summary>
    public int MaxHeaders { get; init; } = 100;

    /// <summary>All header lines of a request together, in bytes; one with more is answered with 431. Default 32 KiB.</summary>
    public int MaxHeaderBytes { get; init; } = 32 * 1024;

    /// <summary>Longest time from the first byte of a request to the end of its headers; a slower one is answered with 408. Default 10 s.</summary>
    public TimeSpan HeadersTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Longest time from the end of a request's headers to the end of its body; a slower one is answered with 408. Default 30 s: 4 MiB at 1.1 Mbit/s.</summary>
    public TimeSpan BodyTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long streams may go on after a stop. Default 30 s.</summary>
    public TimeSpan Drain { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Longest wait for a TCP connection to an endpoint. Default 2 s: endpoints are in the same cluster.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Longest silence of an engine, before and between tokens. Default 10 min, because a long answer that is not streamed is one silence.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Bounds of a candidate's wait for its first token. Default: 4 times stable's p99, at least 2 s and at most 30 s.</summary>
    public FirstTokenLimit FirstToken { get; init; } = new();

    /// <summary>Longest life of the copy of a request that a candidate gets while it is mirrored. Default 2 min.</summary>
    public TimeSpan MirrorDeadline { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>How long the metric series of a release that no longer serves, and the evidence of a rollout that is over, are shown, so that the last scrape has them. Default 5 min.</summary>
    public TimeSpan KeepSeries { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How long an endpoint that refused a connection is left alone. Default 2 s.</summary>
    public TimeSpan EjectFor { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Endpoints of one release that are tried for one request. Default 3.</summary>
    public int AttemptsPerRelease { get; init; } = 3;

    /// <summary>Name of the meter. Several gateways in one process (tests) need several names.</summary>
    public string MeterName { get; init; } = Metering.GatewayMetricNames.Meter;

    /// <summary>Retries as a share of requests, beyond a burst of 20. Default 0.2. The fallback to stable is not a retry: it is one per request, and never refused.</summary>
    public double RetryRatio { get; init; } = 0.2;
}

/// <summary>How long a candidate may take to its first token before stable answers in its place.</summary>
internal sealed record FirstTokenLimit
{
    /// <summary>Multiple of stable's p99. Default 4.</summary>
    public double Factor { get; init; } = 4;

    /// <summary>Never less. Default 2 s.</summary>
    public TimeSpan AtLeast { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Never more, and the limit while stable's latency is not known; for answers that are streamed. Default 30 s.</summary>
    public TimeSpan AtMost { get; init; } = TimeSpan.FromSeconds(30);
}
