using System.Net;

namespace LlmOps.Gateway;

/// <summary>Builds one listening port: Kestrel and a single handler, without routing or other middleware.</summary>
internal static class WebHost
{
    public static WebApplication Build(IPAddress bind, int port, GatewayOptions options, ILoggerFactory loggers, RequestDelegate handle)
    {
        var builder = WebApplication.CreateSlimBuilder();
        // Configuration files, environment and command line of ASP.NET are not ours: all there is to set is in the options.
        builder.Configuration.Sources.Clear();
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton(loggers);
        builder.Services.Configure<HostOptions>(o => o.ShutdownTimeout = options.Drain);
        // The process decides when to stop, so that it can drain first.
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(bind, port);
            kestrel.AddServerHeader = false;
            // The handler bounds bodies itself, so that the answer has the shape of the API.
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.RequestHeadersTimeout = options.HeadersTimeout;
            kestrel.Limits.KeepAliveTimeout = TimeSpan.FromSeconds(130);
            kestrel.Limits.MaxRequestHeaderCount = options.MaxHeaders;
            kestrel.Limits.MaxRequestHeadersTotalSize = options.MaxHeaderBytes;
            kestrel.Limits.MaxConcurrentConnections = options.MaxConnections;
        });
        var app = builder.Build();
        app.Run(handle);
        return app;
    }

    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
