using System.CommandLine;
using System.Net;
using LlmOps.Kubernetes;

namespace LlmOps.Gateway;

/// <summary>The command line.</summary>
internal static class GatewayCommand
{
    /// <summary>Where <c>--bind</c> is not given.</summary>
    private const string BindVariable = "LLMOPS_BIND_ADDRESS";

    public static RootCommand Create(Func<GatewaySettings, CancellationToken, Task<int>> run)
    {
        var defaults = new GatewayOptions();
        var kubeconfig = new Option<string?>("--kubeconfig") { Description = "Kubeconfig file. Default: $KUBECONFIG, else the cluster of this pod, else ~/.kube/config" };
        var context = new Option<string?>("--context") { Description = "Context of the kubeconfig" };
        var insecure = new Option<bool>("--insecure-skip-tls-verify") { Description = "Obey a kubeconfig that switches off the check of the API server's certificate: whoever is on the way can then take the credentials" };
        var ns = new Option<string[]>("--namespace") { Description = "Serve the LlmDeployments of this namespace; once for each. Default: all" };
        var clientPort = new Option<int>("--client-port") { Description = "Port of the OpenAI API", DefaultValueFactory = _ => defaults.ClientPort };
        var adminPort = new Option<int>("--admin-port") { Description = "Port of health, metrics and evidence", DefaultValueFactory = _ => defaults.AdminPort };
        var maxBody = new Option<int>("--max-body-bytes") { Description = "Largest request body in bytes", DefaultValueFactory = _ => defaults.MaxBodyBytes };
        var maxRequests = new Option<int>("--max-concurrent-requests") { Description = "Requests at one time; further ones are answered with 503 and Retry-After", DefaultValueFactory = _ => defaults.MaxConcurrentRequests };
        var bodyTimeout = new Option<int>("--body-timeout-seconds") { Description = "Longest time for a request's body to arrive; a slower one is answered with 408", DefaultValueFactory = _ => (int)defaults.BodyTimeout.TotalSeconds };
        var bind = new Option<string?>("--bind") { Description = $"Address of both ports. Default: ${BindVariable}, else all" };
        var drain = new Option<int>("--drain-seconds") { Description = "How long streams may go on after SIGTERM", DefaultValueFactory = _ => (int)defaults.Drain.TotalSeconds };
        foreach (var port in new[] { clientPort, adminPort })
            AtLeast(port, 0, 65535);
        AtLeast(maxBody, 1024, 1024 * 1024 * 1024);
        AtLeast(maxRequests, 1, 1_000_000);
        AtLeast(bodyTimeout, 1, 3600);
        AtLeast(drain, 0, 24 * 3600);
        ns.Validators.Add(result =>
        {
            foreach (var token in result.Tokens.Where(token => !NamespaceName.IsPossible(token.Value)))
                result.AddError($"--namespace takes the name of one namespace, not '{token.Value}': give it once for each");
        });
        bind.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && !IPAddress.TryParse(token.Value, out _))
                result.AddError($"--bind must be an IP address, not '{token.Value}'");
        });

        var command = new RootCommand("OpenAI-compatible gateway: routes by the status of LlmDeployments, splits, meters, falls back to stable.")
        {
            kubeconfig, context, insecure, ns, clientPort, adminPort, maxBody, maxRequests, bodyTimeout, bind, drain,
            ProbeCommand.Create(TimeProvider.System),
        };
        command.SetAction((parsed, ct) => run(
            new GatewaySettings(
                parsed.GetValue(kubeconfig),
                parsed.GetValue(context),
                parsed.GetValue(insecure),
                parsed.GetValue(ns) ?? [],
                new GatewayOptions
                {
                    Bind = BindAddress(parsed.GetValue(bind)),
                    ClientPort = parsed.GetValue(clientPort),
                    AdminPort = parsed.GetValue(adminPort),
                    MaxBodyBytes = parsed.GetValue(maxBody),
                    MaxConcurrentRequests = parsed.GetValue(maxRequests),
                    MaxConnections = 2 * parsed.GetValue(maxRequests),
                    BodyTimeout = TimeSpan.FromSeconds(parsed.GetValue(bodyTimeout)),
                    Drain = TimeSpan.FromSeconds(parsed.GetValue(drain)),
                }),
            ct));
        return command;
    }

    private static IPAddress BindAddress(string? given)
    {
        var text = given ?? Environment.GetEnvironmentVariable(BindVariable);
        return string.IsNullOrEmpty(text) ? IPAddress.IPv6Any : IPAddress.Parse(text);
    }

    private static void AtLeast(Option<int> option, int least, int most) => option.Validators.Add(result =>
    {
        if (result.GetValue(option) is var value && (value < least || value > most))
            result.AddError($"{option.Name} must be from {least} to {most}, not {value}");
    });
}

/// <summary>What the command line says.</summary>
internal sealed record GatewaySettings(string? Kubeconfig, string? Context, bool AllowInsecure, IReadOnlyCollection<string> Namespaces, GatewayOptions Options);
