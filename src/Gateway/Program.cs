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
    return await server.ServeAsync(informers.RunAsync, TerminationSignal.WaitAsync(ct)) ? 0 : 1;
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
