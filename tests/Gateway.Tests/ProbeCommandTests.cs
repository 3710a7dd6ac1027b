using System.CommandLine;
using System.Net;
using LlmOps.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace LlmOps.Gateway.Tests;

/// <summary><c>gateway probe</c>, as <c>helm test</c> runs it.</summary>
public sealed class ProbeCommandTests
{
    [Fact]
    public async Task It_waits_until_each_URL_answers_with_success()
    {
        var asked = 0;
        // Not ready at first.
        await using var app = await ServeAsync(context => context.Response.StatusCode = Interlocked.Increment(ref asked) == 1 ? 503 : 200);
        var (time, output) = (new ManualTime(), new StringWriter());
        var probe = ProbeCommand.Create(time).Parse([$"{app.Urls.Single()}/a", $"{app.Urls.Single()}/b"]).InvokeAsync(new InvocationConfiguration { Output = output });
        await RestsAsync(time);

        time.Advance(TimeSpan.FromMilliseconds(500));

        Assert.Equal((0, 3), (await probe, asked));
        Assert.Equal($"{app.Urls.Single()}/a answers\n{app.Urls.Single()}/b answers\n", output.ToString());
    }

    [Theory]
    [InlineData(true, "status 503")]
    [InlineData(false, "An error occurred while sending the request.")]
    public async Task Where_nothing_answers_with_success_it_fails_with_the_URL_and_the_cause(bool answers, string cause)
    {
        await using var app = await ServeAsync(context =>
        {
            context.Response.StatusCode = 503;
            if (!answers)
                context.Abort();
        });
        var (url, time, errors) = ($"{app.Urls.Single()}/readyz", new ManualTime(), new StringWriter());
        var probe = ProbeCommand.Create(time).Parse(["--timeout-seconds=3600", url]).InvokeAsync(new InvocationConfiguration { Error = errors });
        await RestsAsync(time);

        time.Advance(TimeSpan.FromHours(1));

        Assert.Equal(1, await probe);
        Assert.Equal($"{url} does not answer: {cause}\n", errors.ToString());
    }

    [Theory]
    [InlineData("readyz is not an http or https URL", "probe", "readyz")]
    [InlineData("--timeout-seconds must be from 1 to 3600", "probe", "--timeout-seconds=0", "http://localhost/")]
    [InlineData("--namespace takes the name of one namespace, not 'a,b': give it once for each", "--namespace=a,b")]
    public async Task What_is_wrong_on_the_command_line_is_told_in_a_sentence(string sentence, params string[] arguments)
    {
        var (code, _, errors) = await RunAsync(arguments);
        Assert.NotEqual(0, code);
        Assert.Contains(sentence, errors, StringComparison.Ordinal);
    }

    /// <summary>It knows what the first attempt came to, and waits half a second for the next.</summary>
    private static Task RestsAsync(ManualTime time)
    {
        var next = time.GetUtcNow().AddMilliseconds(500);
        return Eventually.TrueAsync(() => time.NextDue == next, TimeSpan.FromMinutes(1), "it waits before it asks again");
    }

    private static async Task<WebApplication> ServeAsync(Action<HttpContext> answer)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var app = builder.Build();
        app.Run(context =>
        {
            answer(context);
            return Task.CompletedTask;
        });
        await app.StartAsync();
        return app;
    }

    private static async Task<(int Code, string Output, string Errors)> RunAsync(params string[] arguments)
    {
        var (output, errors) = (new StringWriter(), new StringWriter());
        var code = await GatewayCommand.Create((_, _) => Task.FromResult(0)).Parse(arguments).InvokeAsync(new InvocationConfiguration { Output = output, Error = errors });
        return (code, output.ToString(), errors.ToString());
    }
}
