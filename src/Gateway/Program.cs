using System.CommandLine;
using LlmOps.Gateway;
using LlmOps.Gateway.Routing;
using LlmOps.Kubernetes;

var command = GatewayCommand.Create(async (settings, ct) =>
{
    using var loggers = LoggerFactory.Create(logging => logging
        .AddJsonConsole(console => console.UseUtcTimestamp = true)
        // Kestrel logs each answer that an engine broke off as an unhandled exception; the gateway counts them.
        .AddFilter("Microsoft", LogLevel.Critical));
    using var client = new KubernetesClient(KubernetesClientConfiguration.Load(settings.Kubeconfig, settings.Context, settings.AllowInsecure));
    await using var server = await GatewayServer.StartAsync(settings.Options, new SecretTokens(client, TimeProvider.System), TimeProvider.System, loggers, ct);
    using var informers = new RouteInformers(client, settings.Namespaces, server.Routes, loggers, TimeProvider.System);
    using var stopInformers = new CancellationTokenSource();
    var watching = informers.RunAsync(stopInformers.Token);

    await TerminationSignal.WaitAsync(ct);
    await server.StopAsync(CancellationToken.None);
    await stopInformers.CancelAsync();
    await watching;
    return 0;
});
// Signals are handled here: the library would cut the drain short after 2 s.
try
{
    return await command.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null, EnableDefaultExceptionHandler = false });
}
catch (Exception e) when (e is KubernetesConfigurationException or IOException)
{
    // No cluster to be found, or a port that is taken: a person can act on the message alone.
    await Console.Error.WriteLineAsync(e.Message);
    return 2;
}
