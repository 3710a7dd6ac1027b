using System.Net;
using System.Net.Sockets;
using System.Text;
using LlmOps.Gateway.Tests.Fakes;
using LlmOps.Testing;

namespace LlmOps.Gateway.Tests;

/// <summary>What the gateway bounds before it reads a request.</summary>
public sealed class LimitTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Too_many_and_too_large_headers_are_a_431_and_the_next_request_is_served()
    {
        await using var bed = await GatewayBed.StartAsync(options: new GatewayOptions { MaxHeaders = 20, MaxHeaderBytes = 4096 });

        Assert.StartsWith("HTTP/1.1 431", await AskAsync(bed.Gateway.ClientAddress, $"GET /v1/models HTTP/1.1\r\nHost: a\r\n{string.Concat(Enumerable.Range(0, 30).Select(i => $"x-{i}: 1\r\n"))}\r\n"));
        Assert.StartsWith("HTTP/1.1 431", await AskAsync(bed.Gateway.ClientAddress, $"GET /v1/models HTTP/1.1\r\nHost: a\r\nx: {new string('a', 5000)}\r\n\r\n"));
        Assert.StartsWith("HTTP/1.1 431", await AskAsync(bed.Gateway.AdminAddress, $"GET /metrics HTTP/1.1\r\nHost: a\r\nx: {new string('a', 5000)}\r\n\r\n"));
        Assert.Equal(200, (await bed.ChatAsync()).Status);
    }

    [Fact]
    public async Task Headers_that_never_end_are_a_408()
    {
        await using var bed = await GatewayBed.StartAsync(options: new GatewayOptions { HeadersTimeout = TimeSpan.FromSeconds(1) });

        Assert.StartsWith("HTTP/1.1 408", await AskAsync(bed.Gateway.ClientAddress, "POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\n"));
    }

    [Theory]
    [InlineData("/v1/chat/completions")]
    [InlineData("/v1/feedback")]
    public async Task A_body_that_trickles_is_a_408_and_gives_its_place_back(string path)
    {
        var time = new ManualTime();
        await using var bed = await GatewayBed.StartAsync(options: new GatewayOptions { MaxConcurrentRequests = 1 }, time: time);
        using var slow = new TcpClient();
        await slow.ConnectAsync(bed.Gateway.ClientAddress.Host, bed.Gateway.ClientAddress.Port);
        await slow.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\nExpect: 100-continue\r\n\r\n"));
        // The server asks for the body when the gateway begins to read it: by then the place is taken and the deadline runs.
        Assert.StartsWith("HTTP/1.1 100", await LineAsync(slow));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await bed.GetAsync("/v1/models")).StatusCode);

        await slow.GetStream().WriteAsync("{\"model\""u8.ToArray());
        time.Advance(new GatewayOptions().BodyTimeout);

        var answer = await RestAsync(slow);
        Assert.StartsWith("HTTP/1.1 408", answer);
        Assert.Contains("request_timeout", answer);
        Assert.Contains("Connection: close", answer);
        await Eventually.TrueAsync(async _ => (await bed.GetAsync("/v1/models")).StatusCode == HttpStatusCode.OK, Soon, () => "the place is free again");
    }

    [Theory]
    [InlineData("GET /v1/models HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")]
    [InlineData("POST /v1/feedback HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}")]
    [InlineData("GET /elsewhere HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")]
    public async Task The_limit_is_for_every_path(string request)
    {
        await using var bed = await GatewayBed.StartAsync(options: new GatewayOptions { MaxConcurrentRequests = 0 });

        Assert.StartsWith("HTTP/1.1 503", await AskAsync(bed.Gateway.ClientAddress, request));
    }

    [Fact]
    public async Task Connections_over_the_limit_are_closed()
    {
        await using var bed = await GatewayBed.StartAsync(options: new GatewayOptions { MaxConnections = 1 });
        using var first = new TcpClient();
        await first.ConnectAsync(bed.Gateway.ClientAddress.Host, bed.Gateway.ClientAddress.Port);
        await first.GetStream().WriteAsync("GET /v1/models HTTP/1.1\r\nHost: a\r\n\r\n"u8.ToArray());
        Assert.True(await first.GetStream().ReadAsync(new byte[64]).AsTask().WaitAsync(Soon) > 0);

        Assert.Equal(string.Empty, await AskAsync(bed.Gateway.ClientAddress, "GET /v1/models HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
    }

    [Fact]
    public async Task A_refusal_at_the_limit_says_when_to_come_back_and_that_it_is_no_page()
    {
        await using var bed = await GatewayBed.StartAsync(options: new GatewayOptions { MaxConcurrentRequests = 0 });

        var answer = await AskAsync(bed.Gateway.ClientAddress, $"POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {GatewayBed.Body().Length}\r\n\r\n{GatewayBed.Body()}");

        Assert.StartsWith("HTTP/1.1 503", answer);
        Assert.Contains("Retry-After: 1", answer);
        Assert.Contains("X-Content-Type-Options: nosniff", answer);
        Assert.Contains("gateway_overloaded", answer);
    }

    [Fact]
    public async Task The_admin_port_takes_only_GET_and_repeats_nothing()
    {
        await using var bed = await GatewayBed.StartAsync();

        Assert.StartsWith("HTTP/1.1 405", await AskAsync(bed.Gateway.AdminAddress, "POST /internal/evidence HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"));
        var unknown = await AskAsync(bed.Gateway.AdminAddress, "GET /mirror-me?mirror-me HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 404", unknown);
        Assert.DoesNotContain("mirror-me", unknown);
    }

    /// <summary>All that comes back until the gateway closes the connection.</summary>
    private static async Task<string> AskAsync(Uri address, string request)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(address.Host, address.Port);
        try
        {
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(request));
        }
        catch (IOException)
        {
            // Closed already: at the limit of connections.
        }

        return await RestAsync(client);
    }

    /// <summary>The next line and the empty one behind it.</summary>
    private static async Task<string> LineAsync(TcpClient client)
    {
        var line = new StringBuilder();
        var one = new byte[1];
        using var limit = new CancellationTokenSource(Soon);
        while (!line.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal) && await client.GetStream().ReadAsync(one, limit.Token) > 0)
            line.Append((char)one[0]);
        return line.ToString();
    }

    private static async Task<string> RestAsync(TcpClient client)
    {
        var answer = new StringBuilder();
        try
        {
            var buffer = new byte[8192];
            int read;
            using var limit = new CancellationTokenSource(Soon);
            while ((read = await client.GetStream().ReadAsync(buffer, limit.Token)) > 0)
                answer.Append(Encoding.ASCII.GetString(buffer, 0, read));
        }
        catch (IOException)
        {
            // Reset, since not all of the request was read.
        }

        return answer.ToString();
    }
}
