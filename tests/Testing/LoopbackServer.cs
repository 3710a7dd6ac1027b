using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace LlmOps.Testing;

/// <summary>Somebody who answers over real HTTP on a free port of the loopback.</summary>
public sealed class LoopbackServer : IAsyncDisposable
{
    private readonly WebApplication app;
    private int pending;

    private LoopbackServer(WebApplication app, Uri address) => (this.app, Address) = (app, address);

    public Uri Address { get; }

    /// <summary>Answers that are not out yet, of those that <see cref="SendAsync"/> sends.</summary>
    public int Pending => Volatile.Read(ref pending);

    public static async Task<LoopbackServer> StartAsync(RequestDelegate answer)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var app = builder.Build();
        app.Run(answer);
        await app.StartAsync();
        return new(app, new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()));
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

    /// <summary>Sends an answer, however long that takes.</summary>
    public async Task SendAsync(Func<Task> answer)
    {
        Interlocked.Increment(ref pending);
        try
        {
            await answer();
        }
        finally
        {
            Interlocked.Decrement(ref pending);
        }
    }
}
