using System.Text;
using LlmOps.Demo.Cluster;
using LlmOps.LocalCluster.Clusters;
using Xunit;

namespace LlmOps.EndToEnd.Product;

/// <summary>Looks for planted secrets in everything that a run of the product leaves behind.</summary>
internal static class SecretSearch
{
    private static readonly string[] Kinds =
    [
        "llmdeployments", "promptversions", "evalgates", "evalruns", "rolloutrecords", "rolloutactions", "deployments", "replicasets", "controllerrevisions", "services", "jobs",
        "configmaps", "pods", "events.v1.events.k8s.io", "leases",
    ];

    private const string ClientKey = "client-key-data: ";

    /// <summary>Where pods have the token of their service account.</summary>
    private static readonly string AccountFolder = $"{Path.DirectorySeparatorChar}serviceaccount{Path.DirectorySeparatorChar}";

    private static readonly string[] OwnPrograms = ["Operator", "Gateway", "Evaluator"];

    /// <summary>
    /// The secrets, and with them the tokens of all service accounts of pods and the key of the administrator's client certificate, are not in what any process was
    /// called with, nor in the environment of ours; in no log and no file of a pod but the token's own; in no object of the namespace and of the product's own; and on
    /// no page that the product serves, the last decision included. Neither as they are nor in base64.
    /// </summary>
    public static async Task AssertNowhereAsync(ProductFixture product, string ns, IReadOnlyCollection<string> secrets, CancellationToken ct)
    {
        var texts = Texts(product.Cluster, secrets);
        void Check(string where, string text) => Assert.All(texts, secret => Assert.False(text.Contains(secret, StringComparison.Ordinal), $"a planted secret is in {where}"));

        foreach (var process in Processes())
        {
            var called = Text(Path.Combine(process, "cmdline"));
            Check($"the arguments of {called}", called);
            if (OwnPrograms.Any(program => called.Contains($"/{program}.dll", StringComparison.Ordinal) || called.Contains($"/{program}/", StringComparison.Ordinal)))
                Check($"the environment of {called}", Text(Path.Combine(process, "environ")));
        }

        foreach (var file in Left(product.Cluster))
            Check(file, Text(file));

        foreach (var searched in new[] { ns, Installation.Namespace })
        {
            foreach (var kind in Kinds)
                Check($"{kind} of {searched}", await product.Kubectl.RunAsync(ct, "-n", searched, "get", kind, "-o", "json", "--show-managed-fields"));
        }

        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        foreach (var page in await PagesAsync(product, ct))
            Check($"{page}", await http.GetStringAsync(page, ct));
        var decisions = 0;
        foreach (var pod in await OperatorsAsync(product, ct))
        {
            // Of the operators, the one that leads knows it.
            using var answer = await http.GetAsync(new Uri($"http://{pod.Status!.PodIP}:8082/debug/decisions/{ns}/{Demo.Stories.Samples.Deployment}"), ct);
            decisions += answer.IsSuccessStatusCode ? 1 : 0;
            Check($"{answer.RequestMessage!.RequestUri}", await answer.Content.ReadAsStringAsync(ct));
        }

        Assert.Equal(1, decisions);
    }

    /// <summary>
    /// The same at the end of all tests on a cluster: in all that its pods left, in some further files, and in every object that is still there but Secrets.
    /// </summary>
    /// <returns>Where a secret is.</returns>
    public static async Task<IReadOnlyList<string>> FindAsync(TestCluster cluster, IReadOnlyCollection<string> secrets, IEnumerable<string> further, CancellationToken ct)
    {
        var texts = Texts(cluster, secrets);
        bool Holds(string text) => texts.Exists(secret => text.Contains(secret, StringComparison.Ordinal));
        List<string> found = [.. Left(cluster).Concat(further).Where(file => Holds(Text(file)))];
        var kubectl = new Kubectl(cluster.KubeconfigPath);
        foreach (var kind in Kinds)
        {
            if (Holds(await kubectl.RunAsync(ct, "get", kind, "--all-namespaces", "-o", "json", "--show-managed-fields")))
                found.Add(kind);
        }

        return found;
    }

    /// <summary>What is looked for: the secrets, the tokens of pods and the key of the administrator, as they are and in base64.</summary>
    private static List<string> Texts(TestCluster cluster, IReadOnlyCollection<string> secrets)
    {
        var tokens = Files(cluster)[true].Where(file => Path.GetFileName(file) == "token").Select(Text).Where(token => token.Length > 0);
        var clientKey = File.ReadLines(cluster.KubeconfigPath).Select(line => line.Trim()).Single(line => line.StartsWith(ClientKey, StringComparison.Ordinal))[ClientKey.Length..];
        // The end of a key differs from key to key; its beginning is the same for all.
        string[] own = [clientKey, Encoding.UTF8.GetString(Convert.FromBase64String(clientKey)).Split('\n')[2], .. tokens];
        return [.. secrets.Concat(own).SelectMany(secret => new[] { secret, Convert.ToBase64String(Encoding.UTF8.GetBytes(secret)) })];
    }

    /// <summary>Logs and files of pods, but for their tokens.</summary>
    private static List<string> Left(TestCluster cluster)
    {
        var left = Files(cluster)[false].ToList();
        Assert.Contains(left, file => file.EndsWith(".log", StringComparison.Ordinal));
        return left;
    }

    private static ILookup<bool, string> Files(TestCluster cluster) =>
        Directory.EnumerateFiles(cluster.Nodes!.DataDirectory, "*", SearchOption.AllDirectories).ToLookup(file => file.Contains(AccountFolder, StringComparison.Ordinal));

    /// <summary>Whether some process has it in its environment: what looks for it can find it.</summary>
    public static bool IsInAnEnvironment(string secret) => Processes().Any(process => Text(Path.Combine(process, "environ")).Contains(secret, StringComparison.Ordinal));

    private static async Task<List<Uri>> PagesAsync(ProductFixture product, CancellationToken ct)
    {
        var operators = await OperatorsAsync(product, ct);
        return
        [
            .. product.Installation.GatewayAdmins.SelectMany(admin => new[] { "/metrics", "/internal/evidence", "/readyz" }.Select(page => new Uri(admin, page))),
            .. product.Installation.Gateways.Select(gateway => new Uri(gateway, "/v1/models")),
            .. operators.SelectMany(pod => new[] { new Uri($"http://{pod.Status!.PodIP}:8080/metrics"), new Uri($"http://{pod.Status.PodIP}:8081/healthz") }),
        ];
    }

    private static async Task<List<Kubernetes.Pod>> OperatorsAsync(ProductFixture product, CancellationToken ct)
    {
        var operators = (await product.Client.ListAsync<Kubernetes.Pod>(Installation.Namespace, ct: ct)).Items
            .Where(pod => pod.Metadata.Labels?.GetValueOrDefault("app.kubernetes.io/name") == "llmops-operator" && pod.Status is { PodIP: not null, Phase: "Running" }).ToList();
        Assert.NotEmpty(operators);
        return operators;
    }

    private static IEnumerable<string> Processes() => Directory.EnumerateDirectories("/proc").Where(folder => int.TryParse(Path.GetFileName(folder), out _));

    /// <summary>Empty where it cannot be read: a process has ended, a pod's folder is gone.</summary>
    public static string Text(string file)
    {
        try
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var reader = new StreamReader(stream, Encoding.Latin1);
            return reader.ReadToEnd();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return string.Empty;
        }
    }
}
