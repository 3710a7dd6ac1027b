using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using LlmOps.Kubernetes;
using LlmOps.Testing.ApiServer.Access;
using LlmOps.Testing.ApiServer.Faults;
using LlmOps.Testing.ApiServer.Http;
using LlmOps.Testing.ApiServer.Resources;
using LlmOps.Testing.ApiServer.Storage;
using LlmOps.Testing.ApiServer.Watches;
using LlmOps.Testing.ApiServer.Writes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace LlmOps.Testing;

/// <summary>
/// A Kubernetes API server in this process, over plain HTTP on a loopback port, with all state in memory. It serves any
/// resource that it knows from its table of built-in kinds or from a CustomResourceDefinition, and it can be told to fail at
/// any call.
/// </summary>
/// <remarks>
/// <para>Kept honest by the conformance suite in tests/Kubernetes.Tests, which runs against it and against the real API
/// server. Different from the real one, on purpose: no authentication; admission webhooks are a function; authorisation only of those who were given rules, by what their requests look like; CEL rules are
/// not evaluated; managed fields cannot be edited by hand; bodies are JSON or YAML, not protobuf; built-in kinds get few defaults and little validation; one
/// version a custom resource, without conversion; garbage collection and namespace deletion are done before the request is
/// answered; pods are deleted without a grace period; quotas are not enforced; kubectl's tables are not rendered.</para>
/// <para>Thread safe.</para>
/// </remarks>
public sealed class InProcessApiServer : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly ITimer bookmarks;
    private readonly ObjectStore store = new();
    private readonly ResourceRegistry registry = new();
    private readonly ObjectLifecycle lifecycle;
    private readonly ObjectWriter writer;
    private readonly ConcurrentQueue<WriteRecord> writes = new();
    private readonly List<CrashPoint> crashPoints = [];
    private readonly ConcurrentDictionary<int, IReadOnlyList<CrashPoint>> reached = new();
    private int writeSequence;

    private InProcessApiServer(InProcessApiServerOptions options, InProcessApiServer? source = null)
    {
        if (source is not null)
        {
            registry.TakeOver(source.registry);
            lock (source.store.Gate)
                store.TakeOver(source.store);
        }

        lifecycle = new ObjectLifecycle(store, registry, options.Time);
        writer = new ObjectWriter(store, registry, lifecycle, options.Time);
        Watches = new WatchSessions(store);
        var access = new AccessChecks(Access, store, registry);
        var resources = new ResourceEndpoint(store, registry, writer, lifecycle, access, Log);
        var watches = new WatchEndpoint(store, Watches, options.Time);
        var handler = new ApiHandler(registry, resources, watches, access, Faults, Requests, options.Time, AfterCommit);

        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = options.Http2 ? HttpProtocols.Http2 : HttpProtocols.Http1);
        });
        app = builder.Build();
        app.Run(handler.HandleAsync);
        foreach (var ns in new[] { "default", "kube-system", "kube-public" }.Concat(options.Namespaces))
        {
            if (source is null || Find("namespaces", string.Empty, ns) is null)
                Seed(new JsonObject { ["apiVersion"] = "v1", ["kind"] = "Namespace", ["metadata"] = new JsonObject { ["name"] = ns } });
        }

        // As on a real server that has just started: what was before is not there to be watched.
        store.Compact();
        bookmarks = options.Time.CreateTimer(_ => Watches.SendBookmarks(), null, options.BookmarkInterval, options.BookmarkInterval);
    }

    /// <summary>Where it listens: <c>http://127.0.0.1:port/</c>.</summary>
    public Uri Address { get; private set; } = null!;

    /// <summary>How a client reaches it.</summary>
    public KubernetesClientConfiguration Configuration => new() { Server = Address, Namespace = "default" };

    /// <summary>The faults in force.</summary>
    public FaultRules Faults { get; } = new();

    /// <summary>Who may do what: everybody everything, until it is restricted.</summary>
    public AccessControl Access { get; } = new();

    /// <summary>
    /// What a mutating admission webhook does to each object that is written, called with its resource (<c>deployments.apps</c>); what it changes belongs to the writer.
    /// None by default. Must not block, and must leave an object that it has changed before as it is.
    /// </summary>
    public Action<string, JsonObject>? Admission
    {
        set
        {
            lock (store.Gate)
                writer.Admit = value is null ? null : (resource, obj) => value(resource.GroupResource, obj);
        }
    }

    /// <summary>The open watches.</summary>
    public WatchSessions Watches { get; }

    /// <summary>How often the server was asked what.</summary>
    public RequestCounters Requests { get; } = new();

    /// <summary>Every write that succeeded, in the order of commits; what the server itself does (garbage collection, seeds) is not in it.</summary>
    public IReadOnlyList<WriteRecord> WriteLog => [.. writes];

    /// <summary>Empties the log of writes, which else grows as long as the server lives.</summary>
    public void ForgetWrites() => writes.Clear();

    /// <summary>Called after each successful write has been committed and before it is answered, on the request's thread.</summary>
    public event Action<WriteRecord>? OnWrite;

    /// <summary>Version of the last change.</summary>
    public long ResourceVersion
    {
        get
        {
            lock (store.Gate)
                return store.ResourceVersion;
        }
    }

    public static Task<InProcessApiServer> StartAsync(InProcessApiServerOptions? options = null, CancellationToken cancellationToken = default) =>
        StartAsync(new InProcessApiServer(options ?? new InProcessApiServerOptions()), cancellationToken);

    /// <summary>
    /// Starts another server in which all is as it is here now: kinds, objects with their uids and versions; without history, faults, access rules, log and counters. What
    /// takes long to come about is made once, and each test begins there.
    /// </summary>
    public Task<InProcessApiServer> ForkAsync(InProcessApiServerOptions? options = null, CancellationToken cancellationToken = default) =>
        StartAsync(new InProcessApiServer(options ?? new InProcessApiServerOptions(), this), cancellationToken);

    /// <summary>
    /// Calls back right after the <paramref name="k"/>-th write from now has been committed, before it is answered: the place
    /// to kill the code under test.
    /// </summary>
    /// <param name="k">From 1.</param>
    /// <param name="callback">Called once, with the write.</param>
    /// <param name="counts">Which writes count; all by default.</param>
    /// <param name="loseAnswer">Break the connection instead of answering, as the writer's death would. True by default.</param>
    public void CrashAfterWrite(int k, Action<WriteRecord> callback, Func<ApiRequest, bool>? counts = null, bool loseAnswer = true)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(k, 1);
        lock (store.Gate)
            crashPoints.Add(new CrashPoint(k, counts ?? (static _ => true), callback, loseAnswer));
    }

    /// <summary>Forgets the history, as etcd's compaction does: watches and pages from older versions answer 410. Open watches go on.</summary>
    public void Compact()
    {
        lock (store.Gate)
            store.Compact();
    }

    /// <summary>Registers the CustomResourceDefinitions in a directory of YAML files.</summary>
    /// <exception cref="DirectoryNotFoundException">The directory does not exist.</exception>
    public void InstallCrds(string directory)
    {
        foreach (var file in Directory.EnumerateFiles(directory, "*.yaml").Order(StringComparer.Ordinal))
            InstallYaml(File.ReadAllText(file));
    }

    /// <summary>Creates or replaces every object of a YAML stream, past faults, log and counters.</summary>
    public void InstallYaml(string yaml)
    {
        foreach (var document in YamlJson.Documents(yaml))
            Seed(document.AsObject());
    }

    /// <summary>
    /// Creates an object, or replaces it, past faults, log and counters; its status is taken over too. For what a test finds
    /// already there.
    /// </summary>
    /// <returns>A copy of what is stored.</returns>
    /// <exception cref="ArgumentException">The kind is not served, or the object is not valid.</exception>
    public JsonObject Seed(JsonObject obj)
    {
        var options = new WriteOptions("seed", DryRun: false, StrictFields: false);
        var resource = registry.FindByKind((string?)obj["apiVersion"] ?? string.Empty, (string?)obj["kind"] ?? string.Empty)
            ?? throw new ArgumentException($"no resource is served for {obj["apiVersion"]} {obj["kind"]}", nameof(obj));
        var ns = resource.Namespaced ? (string?)obj.Metadata()["namespace"] ?? "default" : string.Empty;
        lock (store.Gate)
        {
            try
            {
                var key = new ObjectKey(ns, (string?)obj.Metadata()["name"] ?? string.Empty);
                var stored = (store.Find(resource, key) is null
                    ? writer.Create(resource, ns, obj, options)
                    : writer.Patch(resource, key, _ => obj, null, options)).Object;
                if (resource.HasStatus && obj["status"] is not null)
                    stored = writer.Patch(resource, stored.Key, live => Patches.Merge(live, new JsonObject { ["status"] = obj["status"]!.DeepClone() }), "status", options).Object;
                return stored.Json.DeepClone().AsObject();
            }
            catch (StatusError error)
            {
                throw new ArgumentException(error.Message, nameof(obj), error);
            }
        }
    }

    /// <summary>A copy of an object as it is now, or null.</summary>
    /// <param name="resource">As in <c>kubectl get</c>: <c>pods</c>, <c>deployments.apps</c>.</param>
    public JsonObject? Find(string resource, string ns, string name)
    {
        lock (store.Gate)
            return store.Find(Served(resource), new ObjectKey(ns, name))?.Json.DeepClone().AsObject();
    }

    /// <summary>Copies of all objects of a resource, in a namespace or (empty) in all.</summary>
    public IReadOnlyList<JsonObject> FindAll(string resource, string ns = "")
    {
        lock (store.Gate)
            return [.. store.List(Served(resource)).Where(o => ns.Length == 0 || o.Key.Namespace == ns).Select(static o => o.Json.DeepClone().AsObject())];
    }

    /// <summary>Writes a kubeconfig that leads here.</summary>
    public void WriteKubeconfig(string path) => File.WriteAllText(path, $"""
        apiVersion: v1
        kind: Config
        current-context: in-process
        clusters:
        - name: in-process
          cluster:
            server: {Address.GetLeftPart(UriPartial.Authority)}
        contexts:
        - name: in-process
          context:
            cluster: in-process
            user: in-process
            namespace: default
        users:
        - name: in-process
          user: {"{}"}

        """);

    public async ValueTask DisposeAsync()
    {
        await bookmarks.DisposeAsync();
        Watches.DropAll(abrupt: true);
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await app.StopAsync(now.Token);
        await app.DisposeAsync();
    }

    private static async Task<InProcessApiServer> StartAsync(InProcessApiServer server, CancellationToken cancellationToken)
    {
        await server.app.StartAsync(cancellationToken);
        server.Address = new Uri(server.app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single() + "/");
        return server;
    }

    private ResourceDefinition Served(string groupResource) =>
        registry.FindByGroupResource(groupResource) ?? throw new ArgumentException($"no resource {groupResource} is served", nameof(groupResource));

    /// <summary>Called with the store's gate held: the log is in the order of commits.</summary>
    private WriteRecord Log(ApiRequest request, WriteResult result)
    {
        var stored = result.Object;
        var record = new WriteRecord(
            ++writeSequence, request, stored.Key.Namespace, stored.Key.Name, result.Changed, stored.ResourceVersion.ToString(CultureInfo.InvariantCulture));
        writes.Enqueue(record);
        var here = crashPoints.Where(p => p.IsReachedBy(record)).ToList();
        if (here.Count > 0)
        {
            crashPoints.RemoveAll(here.Contains);
            reached[record.Sequence] = here;
        }

        return record;
    }

    /// <summary>Tells the hooks. True when the answer is to be lost.</summary>
    private bool AfterCommit(WriteRecord write)
    {
        var lost = false;
        OnWrite?.Invoke(write);
        foreach (var point in reached.TryRemove(write.Sequence, out var here) ? here : [])
        {
            lost |= point.LosesAnswer;
            point.Invoke(write);
        }

        return lost;
    }
}
