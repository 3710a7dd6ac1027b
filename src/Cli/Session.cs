using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using LlmOps.Api;
using LlmOps.Kubernetes;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace LlmOps.Cli;

/// <summary>One run of one command: the cluster with the user's own rights, and where to write.</summary>
internal sealed class Session(Host host, GlobalOptions options, ParseResult parsed) : IDisposable
{
    private const string FieldManager = "kubectl-llm";
    private KubernetesClient? client;

    public Host Host => host;

    public TimeProvider Time => host.Time;

    public DateTimeOffset Now => host.Time.GetUtcNow();

    public IAnsiConsole Console => field ??= host.CreateConsole();

    public KubernetesClient Client => client ??= new(Configuration(), host.Time);

    /// <summary>The namespace of <c>-n</c>, else of the context, else <c>default</c>.</summary>
    public string Namespace => parsed.GetValue(options.Namespace) ?? Client.Configuration.Namespace ?? "default";

    /// <summary><c>json</c>, <c>yaml</c>, or null for people.</summary>
    public string? Format => parsed.GetValue(options.Output);

    /// <summary>Whether the answer is for a program; it is written then.</summary>
    public bool Writes<T>(T answer, JsonTypeInfo<T> type)
    {
        if (Format is not { } format)
            return false;
        var node = JsonSerializer.SerializeToNode(answer, type)!;
        host.Output.Write(format == "yaml" ? YamlText.Write(node) : node.ToJsonString(Readable) + "\n");
        return true;
    }

    /// <summary>Writes text for people. Ends of lines are bare: a table pads its last column.</summary>
    public void Show(IRenderable text) => Console.Write(text);

    /// <summary>Writes one line as it is.</summary>
    public void Line(string text) => host.Output.WriteLine(text);

    /// <summary>Writes one line beside the answer, where a pipe does not take it for one.</summary>
    public void Note(string text) => host.Error.WriteLine(text);

    /// <summary>The LlmDeployment of a name.</summary>
    /// <exception cref="CliException">There is none; says which there are.</exception>
    public async Task<LlmDeployment> DeploymentAsync(string name, CancellationToken ct)
    {
        if (await Client.GetAsync<LlmDeployment>(new(Namespace, name), ct) is { } found)
            return found;
        var others = (await Client.ListAsync<LlmDeployment>(Namespace, ct: ct)).Items.Select(o => o.Metadata.Name!).ToList();
        throw new CliException($"there is no LlmDeployment {name} in namespace {Namespace}: {(others.Count == 0 ? "it has none; choose another with -n" : $"it has {string.Join(", ", others)}")}");
    }

    public void Dispose() => client?.Dispose();

    /// <summary>As <c>kubectl</c> prints JSON: four spaces, and characters as they are.</summary>
    private static JsonSerializerOptions Readable { get; } = new()
    {
        WriteIndented = true,
        IndentSize = 4,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        TypeInfoResolver = ApiJson.Default,
    };

    private KubernetesClientConfiguration Configuration()
    {
        var configuration = KubernetesClientConfiguration.Load(parsed.GetValue(options.Kubeconfig), parsed.GetValue(options.Context), parsed.GetValue(options.Insecure));
        var groups = parsed.GetValue(options.AsGroup) ?? [];
        var user = parsed.GetValue(options.As);
        if (user is null && groups.Length > 0)
            throw new CliException("--as-group goes with --as: name the user to act as");
        return configuration with
        {
            FieldManager = FieldManager,
            UserAgent = $"kubectl-llm/{Product.Version}",
            Impersonate = user is null ? configuration.Impersonate : new(user, groups),
        };
    }
}
