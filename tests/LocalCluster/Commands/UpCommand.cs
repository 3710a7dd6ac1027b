using System.CommandLine;
using System.Text.Json.Nodes;
using LlmOps.LocalCluster.Clusters;
using LlmOps.LocalCluster.Nodes;
using LlmOps.LocalCluster.Nodes.Kubelet;

namespace LlmOps.LocalCluster.Commands;

/// <summary><c>up</c>: a cluster in the foreground until SIGINT or SIGTERM. Prints <c>KUBECONFIG=</c> when it is ready.</summary>
internal static class UpCommand
{
    public static Command Create()
    {
        var data = new Option<string?>("--data") { Description = "Folder for data and logs. Default: a fresh one, removed at the end." };
        var runFile = new Option<string?>("--run-file") { Description = "Written when the cluster is ready: JSON with kind, kubeconfig, server, serviceProxy, data, pid. Default: run.json in --data." };
        var reuse = new Option<bool>("--reuse") { Description = "Go on with the objects that an earlier run left in --data." };
        var kubeconfig = new Option<string?>("--kubeconfig") { Description = "Use this cluster instead of starting one; nothing is simulated there." };
        var nodes = new Option<string?>("--nodes") { Description = "Simulated nodes and their GPUs, such as a=4,b=8. Default: gpu-node-1=4,gpu-node-2=4." };
        var images = new Option<string?>("--images") { Description = "JSON file: image repository to {executable, arguments, environment, replaceOptions}." };
        var models = new Option<string?>("--models") { Description = "Models that emulated vLLM and TGI engines know. Default: tests/EngineEmulator/catalog/demo.json." };
        var realTiming = new Option<bool>("--real-timing") { Description = "Crash back-off, probe periods and autoscaler interval as in Kubernetes, instead of shorter ones." };
        var command = new Command("up", "Start a cluster with simulated GPU nodes and keep it up.") { data, runFile, reuse, kubeconfig, nodes, images, models, realTiming };
        command.SetAction(async (parsed, ct) =>
        {
            var given = parsed.GetValue(kubeconfig);
            var options = new TestClusterOptions
            {
                Selection = given is null ? null : new(ClusterKind.Given, $"--kubeconfig is {given}"),
                Kubeconfig = given,
                DataDirectory = parsed.GetValue(data),
                Reuse = parsed.GetValue(reuse),
                Nodes = Nodes(parsed.GetValue(nodes), parsed.GetValue(images), parsed.GetValue(models), parsed.GetValue(realTiming)),
            };
            return await RunAsync(options, parsed.GetValue(runFile) ?? (options.DataDirectory is { } folder ? Path.Combine(folder, "run.json") : null), ct);
        });
        return command;
    }

    private static async Task<int> RunAsync(TestClusterOptions options, string? runFile, CancellationToken ct)
    {
        try
        {
            await using var cluster = await TestCluster.StartAsync(options, Console.WriteLine, ct);
            Console.WriteLine($"KUBECONFIG={cluster.KubeconfigPath}");
            if (runFile is not null)
                await WriteRunFileAsync(runFile, cluster, ct);
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, ct);
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            Console.WriteLine("cluster: ended");
        }
        catch (Exception failure) when (failure is ControlPlaneException or InvalidOperationException)
        {
            await Console.Error.WriteLineAsync($"cluster: {failure.Message}");
            return 1;
        }
        finally
        {
            if (runFile is not null)
                File.Delete(runFile);
        }

        return 0;
    }

    /// <summary>By rename, so that whoever waits for the file reads it whole.</summary>
    private static async Task WriteRunFileAsync(string path, TestCluster cluster, CancellationToken ct)
    {
        var run = new JsonObject
        {
            ["kind"] = cluster.Selection.Kind.ToString(),
            ["reason"] = cluster.Selection.Reason,
            ["kubeconfig"] = Path.GetFullPath(cluster.KubeconfigPath),
            ["server"] = cluster.ControlPlane?.Server.ToString(),
            ["serviceProxy"] = cluster.Nodes?.ServiceProxy.ToString(),
            ["data"] = cluster.Nodes?.DataDirectory,
            ["pid"] = Environment.ProcessId,
        };
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        await File.WriteAllTextAsync($"{path}.new", run.ToJsonString(new() { WriteIndented = true }), ct);
        File.Move($"{path}.new", path, overwrite: true);
    }

    private static NodeSimulatorOptions Nodes(string? nodes, string? images, string? models, bool realTiming)
    {
        var catalog = models is null ? ImageCatalog.Default : ImageCatalog.Default.WithModels(models);
        var options = new NodeSimulatorOptions
        {
            Nodes = nodes is null ? FakeNode.Default : [.. nodes.Split(',').Select(ParseNode)],
            Images = images is null ? catalog : catalog.WithFile(images),
        };
        return realTiming ? options : options with
        {
            AutoscalerInterval = TimeSpan.FromSeconds(1),
            FirstCrashBackOff = TimeSpan.FromSeconds(1),
            LongestCrashBackOff = TimeSpan.FromSeconds(10),
            LongestProbePeriod = TimeSpan.FromSeconds(1),
        };
    }

    private static FakeNode ParseNode(string text) => text.Split('=') is [{ Length: > 0 } name, var gpus] && int.TryParse(gpus, out var count)
        ? new() { Name = name, Gpus = count }
        : throw new InvalidOperationException($"--nodes: {text} is not NAME=GPUS");
}
