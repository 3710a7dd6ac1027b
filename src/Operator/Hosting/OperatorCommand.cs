using System.CommandLine;
using System.CommandLine.Parsing;
using System.Net;
using LlmOps.Kubernetes;
using Microsoft.Extensions.Logging;

namespace LlmOps.Operator.Hosting;

/// <summary>The command line of the operator.</summary>
internal static class OperatorCommand
{
    private const int MostSeconds = 3600;

    private static readonly OperatorOptions Defaults = new();

    public static RootCommand Create()
    {
        var kubeconfig = new Option<string?>("--kubeconfig") { Description = "Kubeconfig. Default: $KUBECONFIG, else the cluster that this pod runs in, else ~/.kube/config." };
        var context = new Option<string?>("--context") { Description = "Context of the kubeconfig. Default: its current one." };
        var insecure = new Option<bool>("--insecure-skip-tls-verify") { Description = "Obey a kubeconfig that switches off the check of the API server's certificate: whoever is on the way can then take the credentials." };
        var ns = new Option<string?>("--namespace") { Description = "The operator's own namespace, for its lease. Default: $POD_NAMESPACE, else that of the kubeconfig, else llmops-system." };
        var watch = new Option<string[]>("--watch-namespace") { Description = "Only LlmDeployments of this namespace; once for each. Default: all." };
        watch.Validators.Add(result =>
        {
            foreach (var token in result.Tokens.Where(token => !NamespaceName.IsPossible(token.Value)))
                result.AddError($"--watch-namespace takes the name of one namespace, not '{token.Value}': give it once for each");
        });
        var selector = new Option<string?>("--namespace-selector")
        {
            Description = "Only namespaces with these labels, such as team=a: for several operators that divide a cluster. Each selector has a lease of its own, and no namespace may match two. Default: all.",
        };
        selector.Validators.Add(result =>
        {
            if (result.GetValue(watch) is { Length: > 0 })
                result.AddError("--namespace-selector and --watch-namespace exclude each other: name the namespaces, or label them");
        });
        var elect = new Option<bool>("--leader-elect") { Description = "Wait for the lease before reconciling.", DefaultValueFactory = _ => true };
        var lease = new Option<string>("--lease-name") { Description = "Name of the lease. Operators of one namespace that are to work side by side have a name each.", DefaultValueFactory = _ => Defaults.LeaseName };
        lease.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string>() is { } name && !OperatorOptions.IsPossibleLeaseName(name))
                result.AddError($"--lease-name takes at most {OperatorOptions.LongestLeaseName} small letters, digits and hyphens, not '{name}': leases of shards and replicas begin with it");
        });
        var duration = Seconds("--lease-duration", "How long others wait for a leader that is silent, in seconds.", Defaults.LeaseDuration);
        var deadline = Seconds("--lease-renew-deadline", "How long after its last renewal a leader stops by itself, in seconds.", Defaults.RenewDeadline);
        var retry = Seconds("--lease-retry-period", "Between two attempts to take or renew the lease, in seconds.", Defaults.RetryPeriod);
        var shards = new Option<int>("--shards")
        {
            Description = "Parts that the namespaces are divided into by a hash of their names, each with a lease of its own, so that replicas share the work. Replicas with another number wait until none of these leads.",
            DefaultValueFactory = _ => Defaults.Shards,
        };
        var gateway = new Option<ObjectKey>("--gateway-service")
        {
            Description = "Service of the gateways, as NAMESPACE/NAME.",
            DefaultValueFactory = _ => Defaults.GatewayService,
            CustomParser = ParseKey,
        };
        var evaluator = new Option<string>("--evaluator-image") { Description = "Image of evaluator Jobs.", DefaultValueFactory = _ => Defaults.EvaluatorImage };
        var prometheus = new Option<Uri?>("--prometheus-url")
        {
            Description = "Base URL of the Prometheus that checks ask. Default: $LLMOPS_PROMETHEUS_URL, else none.",
            DefaultValueFactory = result => ParseUrl(Environment.GetEnvironmentVariable("LLMOPS_PROMETHEUS_URL"), result),
            CustomParser = result => ParseUrl(result.Tokens.SingleOrDefault()?.Value, result),
        };
        var prometheusToken = new Option<string?>("--prometheus-token-file") { Description = "File with a bearer token for --prometheus-url. Default: none." };
        var prometheusAddresses = new Option<bool>("--allow-prometheus-addresses") { Description = "Let a check name a Prometheus of its own: whoever may write an LlmDeployment then chooses an address that the operator calls." };
        var checkUrls = new Option<string[]>("--allow-check-url")
        {
            Description = "Base URL that checks may ask over HTTP, with all below it; once for each. Whoever may write an LlmDeployment then chooses among them what the operator calls. Default: none.",
        };
        checkUrls.Validators.Add(result =>
        {
            foreach (var token in result.Tokens.Where(token => BaseUrl(token.Value) is null))
                result.AddError("--allow-check-url takes a base URL without user, query and fragment, such as https://evals.example.com/api");
        });
        var workers = new Option<int>("--workers") { Description = "LlmDeployments that are reconciled at the same time, and as many again of those whose candidate gets requests.", DefaultValueFactory = _ => Defaults.Workers };
        var health = new Option<int>("--health-port") { Description = "Port of /healthz and /readyz.", DefaultValueFactory = _ => 8081 };
        var metrics = new Option<int>("--metrics-port") { Description = "Port of /metrics.", DefaultValueFactory = _ => 8080 };
        var debug = new Option<int?>("--debug-port") { Description = "Port of /debug/decisions/NAMESPACE/NAME, on the loopback address alone. Default: none." };
        var logFormat = new Option<string>("--log-format") { Description = "Format of log lines: text or json.", DefaultValueFactory = _ => OperatorLogging.Text };
        logFormat.AcceptOnlyFromAmong(OperatorLogging.Text, OperatorLogging.Json);
        shards.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 1 or > ShardMap.Most)
                result.AddError($"--shards must be 1 to {ShardMap.Most}");
            else if (result.GetValueOrDefault<int>() > 1 && !result.GetValue(elect))
                result.AddError("--shards needs --leader-elect: without leases every replica would lead all of them");
        });
        workers.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() < 1)
                result.AddError("--workers must be 1 or more");
        });

        debug.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int?>() is { } port && (port == result.GetValue(health) || port == result.GetValue(metrics)))
                result.AddError("--debug-port must be another port than --health-port and --metrics-port: these are reached from outside");
        });

        var command = new RootCommand("Runs LLM releases as gated canaries.") { kubeconfig, context, insecure, ns, watch, selector, elect, lease, duration, deadline, retry, shards, gateway, evaluator, prometheus, prometheusToken, prometheusAddresses, checkUrls, workers, health, metrics, debug, logFormat };
        command.SetAction(async (arguments, ct) =>
        {
            KubernetesClientConfiguration configuration;
            try
            {
                configuration = KubernetesClientConfiguration.Load(arguments.GetValue(kubeconfig), arguments.GetValue(context), arguments.GetValue(insecure));
            }
            catch (KubernetesConfigurationException e)
            {
                await Console.Error.WriteLineAsync(e.Message);
                return 2;
            }

            if (Tracing.Problem is { } problem)
            {
                await Console.Error.WriteLineAsync(problem);
                return 2;
            }

            var options = new OperatorOptions
            {
                Namespace = arguments.GetValue(ns) ?? Environment.GetEnvironmentVariable("POD_NAMESPACE") ?? configuration.Namespace ?? Defaults.Namespace,
                WatchNamespaces = arguments.GetValue(watch) ?? [],
                NamespaceSelector = arguments.GetValue(selector) is { Length: > 0 } labels ? labels : null,
                Identity = Environment.GetEnvironmentVariable("POD_NAME") ?? $"{Environment.MachineName}-{Environment.ProcessId}",
                LeaderElect = arguments.GetValue(elect),
                LeaseName = arguments.GetValue(lease)!,
                LeaseDuration = TimeSpan.FromSeconds(arguments.GetValue(duration)),
                RenewDeadline = TimeSpan.FromSeconds(arguments.GetValue(deadline)),
                RetryPeriod = TimeSpan.FromSeconds(arguments.GetValue(retry)),
                Shards = arguments.GetValue(shards),
                GatewayService = arguments.GetValue(gateway),
                EvaluatorImage = arguments.GetValue(evaluator)!,
                PrometheusUrl = arguments.GetValue(prometheus),
                PrometheusTokenFile = arguments.GetValue(prometheusToken),
                AllowPrometheusAddresses = arguments.GetValue(prometheusAddresses),
                AllowedCheckUrls = [.. (arguments.GetValue(checkUrls) ?? []).Select(BaseUrl).OfType<Uri>()],
                Workers = arguments.GetValue(workers),
                TrimMemory = true,
                BindAddress = IPAddress.TryParse(Environment.GetEnvironmentVariable("LLMOPS_BIND_ADDRESS"), out var address) ? address : Defaults.BindAddress,
                HealthPort = arguments.GetValue(health),
                MetricsPort = arguments.GetValue(metrics),
                DebugPort = arguments.GetValue(debug),
            };
            if (options.LeaderElect && LeaderElectionOptions.ProblemOf(options.LeaseDuration, options.RenewDeadline, options.RetryPeriod) is { } unkeepable)
            {
                await Console.Error.WriteLineAsync($"--lease-duration, --lease-renew-deadline and --lease-retry-period: {unkeepable}");
                return 2;
            }

            using var loggers = OperatorLogging.Create(arguments.GetValue(logFormat)!);
            using var tracing = Tracing.Start(options.Identity);
            try
            {
                await OperatorHost.RunAsync(options, configuration, TimeProvider.System, loggers, ct);
                return 0;
            }
            catch (Exception e)
            {
                Log.Failed(loggers.CreateLogger("LlmOps.Operator"), e);
                return 1;
            }
        });
        return command;
    }

    private static Option<double> Seconds(string name, string description, TimeSpan value)
    {
        var option = new Option<double>(name) { Description = description, DefaultValueFactory = _ => value.TotalSeconds };
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<double>() is not (> 0 and <= MostSeconds))
                result.AddError($"{name} takes seconds, more than 0 and at most {MostSeconds}");
        });
        return option;
    }

    private static Uri? ParseUrl(string? text, ArgumentResult result)
    {
        if (string.IsNullOrEmpty(text))
            return null;
        if (BaseUrl(text) is { } url)
            return url;
        result.AddError("--prometheus-url takes a base URL without user and query, such as http://prometheus.monitoring.svc:9090");
        return null;
    }

    /// <summary>Null where it is none.</summary>
    private static Uri? BaseUrl(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" && url.UserInfo.Length == 0 && url.Query.Length == 0 && url.Fragment.Length == 0 ? url : null;

    private static ObjectKey ParseKey(ArgumentResult result)
    {
        if (result.Tokens is [{ Value: var text }] && text.Split('/') is [{ Length: > 0 } ns, { Length: > 0 } name])
            return new(ns, name);
        result.AddError("--gateway-service takes NAMESPACE/NAME");
        return default;
    }
}
