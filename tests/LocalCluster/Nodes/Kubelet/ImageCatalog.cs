using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace LlmOps.LocalCluster.Nodes.Kubelet;

/// <summary>The local program that plays an image.</summary>
public sealed record ImageProgram
{
    public required string Executable { get; init; }

    /// <summary>Come before the container's command and arguments.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>What the image would set; the pod's own variables win.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>
    /// Options of the container to replace: the option and its value (<c>--host 0.0.0.0</c>, <c>--host=0.0.0.0</c>) become
    /// these words, in which <c>{podIP}</c> stands for the pod's address. An empty list drops the option.
    /// </summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> ReplaceOptions { get; init; } = new Dictionary<string, IReadOnlyList<string>>();

    /// <summary>The whole command line for a container.</summary>
    internal IReadOnlyList<string> CommandLine(IReadOnlyList<string> containerArguments, string podIP)
    {
        var line = new List<string>(Arguments);
        for (var i = 0; i < containerArguments.Count; i++)
        {
            var name = containerArguments[i].Split('=', 2)[0];
            if (!ReplaceOptions.TryGetValue(name, out var words))
            {
                line.Add(containerArguments[i]);
                continue;
            }

            line.AddRange(words.Select(word => word.Replace("{podIP}", podIP, StringComparison.Ordinal)));
            if (name == containerArguments[i])
                i++;
        }

        return line;
    }
}

/// <summary>An image that cannot be had; the message is the kubelet's.</summary>
public sealed class ImagePullException(string message) : Exception(message);

/// <summary>Images by repository, or by repository and tag where tags are played by different programs. Immutable.</summary>
public sealed class ImageCatalog
{
    private readonly ImmutableDictionary<string, Func<CancellationToken, Task<ImageProgram>>> images;

    private ImageCatalog(ImmutableDictionary<string, Func<CancellationToken, Task<ImageProgram>>> images) => this.images = images;

    public static ImageCatalog Empty { get; } = new(ImmutableDictionary.Create<string, Func<CancellationToken, Task<ImageProgram>>>(StringComparer.Ordinal));

    /// <summary>This repository's programs as they were built beside this one, the engine emulator as vLLM and TGI, and the real llama.cpp.</summary>
    public static ImageCatalog Default { get; } = Empty
        .With("llmops/operator", _ => BuiltAsync("Operator"))
        .With("llmops/gateway", _ => BuiltAsync("Gateway"))
        .With("llmops/evaluator", _ => BuiltAsync("Evaluator"))
        .With("ghcr.io/ggml-org/llama.cpp", LlamaCppAsync)
        .WithModels(Path.Combine(Workspace.Repository, "tests", "EngineEmulator", "catalog", "demo.json"));

    /// <summary>The catalog with one image more, or another program for one. With a tag: for that tag alone.</summary>
    public ImageCatalog With(string repository, ImageProgram program) => With(repository, _ => Task.FromResult(program));

    /// <summary>The same with a program that has to be prepared first: a failure is a failed pull.</summary>
    public ImageCatalog With(string repository, Func<CancellationToken, Task<ImageProgram>> pull) => new(images.SetItem(repository, pull));

    /// <summary>The catalog with vLLM and TGI played by the engine emulator, which knows the models of a file (tests/EngineEmulator/README.md).</summary>
    public ImageCatalog WithModels(string emulatorCatalog)
    {
        var environment = new Dictionary<string, string> { ["EMULATOR_CATALOG"] = Path.GetFullPath(emulatorCatalog) };
        Func<CancellationToken, Task<ImageProgram>> Engine(string name) => async _ => (await BuiltAsync("EngineEmulator", name)) with { Environment = environment };
        return With("vllm/vllm-openai", Engine("vllm")).With("ghcr.io/huggingface/text-generation-inference", Engine("tgi"));
    }

    /// <summary>The catalog with the entries of a JSON file: an object of repositories, each with the properties of <see cref="ImageProgram"/>.</summary>
    /// <exception cref="JsonException">The file is no such object.</exception>
    public ImageCatalog WithFile(string path)
    {
        var entries = JsonSerializer.Deserialize<Dictionary<string, ImageProgram>>(File.ReadAllText(path), JsonSerializerOptions.Web) ?? [];
        return entries.Aggregate(this, (catalog, entry) => catalog.With(entry.Key, entry.Value));
    }

    /// <summary>The program of a project of this repository, built in the same configuration as the running one.</summary>
    /// <param name="project">Name of the project, such as <c>Gateway</c>.</param>
    /// <param name="arguments">Come before the container's.</param>
    public static ImageProgram Built(string project, params string[] arguments) => BuiltIn(Workspace.Repository, project, arguments);

    /// <summary>The same of another checkout of this repository.</summary>
    public static ImageProgram BuiltIn(string checkout, string project, params string[] arguments)
    {
        var configuration = Path.GetFileName(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
        var assembly = Path.Combine(checkout, "artifacts", "bin", project, configuration, $"LlmOps.{project}.dll");
        return new() { Executable = DotnetHost(), Arguments = [assembly, .. arguments] };
    }

    private static Task<ImageProgram> BuiltAsync(string project, params string[] arguments)
    {
        var program = Built(project, arguments);
        return File.Exists(program.Arguments[0])
            ? Task.FromResult(program)
            : throw new FileNotFoundException($"{Path.GetRelativePath(Workspace.Repository, program.Arguments[0])} is not built");
    }

    /// <exception cref="ImagePullException">Nothing plays this image here.</exception>
    internal async Task<ImageProgram> PullAsync(string image, CancellationToken ct)
    {
        var repository = Repository(image);
        if (!images.TryGetValue(image, out var pull) && !images.TryGetValue(repository, out pull))
            throw new ImagePullException($"failed to pull and unpack image \"{image}\": failed to resolve reference \"{image}\": {repository}: not found");
        try
        {
            return await pull(ct);
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            throw new ImagePullException($"failed to pull image \"{image}\": {failure.Message}");
        }
    }

    /// <summary>The image without digest and tag; a colon before the last slash is a registry's port.</summary>
    internal static string Repository(string image)
    {
        var name = image.Split('@')[0];
        var colon = name.LastIndexOf(':');
        return colon > name.LastIndexOf('/') ? name[..colon] : name;
    }

    /// <summary>The runtime that runs this process.</summary>
    private static string DotnetHost() => Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "dotnet"));

    private static async Task<ImageProgram> LlamaCppAsync(CancellationToken ct)
    {
        var engine = await RealEngine.PrepareAsync(ct: ct);
        string[] model = ["-m", engine.ModelPath];
        string[] address = ["--host", "{podIP}"];
        return new()
        {
            Executable = engine.Executable,
            Arguments = engine.Arguments,
            Environment = engine.Environment,
            // Whatever model is asked for, the tiny one is served.
            ReplaceOptions = new Dictionary<string, IReadOnlyList<string>>
            {
                ["-m"] = model,
                ["--model"] = model,
                ["-hf"] = model,
                ["--hf-repo"] = model,
                ["-mu"] = model,
                ["--model-url"] = model,
                ["--hf-file"] = [],
                ["--host"] = address,
            },
        };
    }
}
