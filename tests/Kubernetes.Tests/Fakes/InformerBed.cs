using System.Collections.Concurrent;
using System.Threading.Channels;
using LlmOps.Testing;
using Microsoft.Extensions.Logging;

namespace LlmOps.Kubernetes.Tests;

/// <summary>
/// An informer of ConfigMaps against scripted lists and watches. Waits between attempts pass at once and are recorded.
/// A watch that the script has no answer for stays open and silent.
/// </summary>
internal sealed class InformerBed : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly CancellationTokenSource stop = new();
    private readonly Channel<string> changes = Channel.CreateUnbounded<string>();
    private readonly ConcurrentQueue<Func<HttpResponseMessage>> lists = new();
    private readonly ConcurrentQueue<Func<HttpResponseMessage>> watches = new();
    private readonly ConcurrentQueue<TimeSpan> waits = new();
    private readonly TestLogger logs = new();
    private readonly ManualTime time = new();
    private Task running = Task.CompletedTask;
    private Task pumping = Task.CompletedTask;

    public InformerBed(InformerOptions? options = null, TimeProvider? clientTime = null, Func<ConfigMap, ConfigMap>? keep = null)
    {
        Api = new FakeApi(request =>
            request.IsWatch ? (watches.TryDequeue(out var watch) ? watch() : new FakeWatch().Response())
            : lists.TryDequeue(out var list) ? list() : FakeApi.Failure(500, "InternalError", "the script has no more lists"));
        Client = Api.Client(clientTime);
        Informer = new Informer<ConfigMap>(Client, options ?? new(), logs.CreateLogger("informer"), time, keep);
        Informer.Changed += (before, after) => changes.Writer.TryWrite(
            before is null ? $"+{Text(after!)}" : after is null ? $"-{Text(before)}" : $"{Text(before)}>{Text(after)}");
    }

    public FakeApi Api { get; }

    public KubernetesClient Client { get; }

    public Informer<ConfigMap> Informer { get; }

    public IReadOnlyList<TimeSpan> Waits => [.. waits];

    public IReadOnlyCollection<TestLogLine> Logs => logs.Lines;

    public static string Map(string name, int version, string? uid = null, string data = "{}") =>
        $$$"""{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"{{{name}}}","namespace":"ns","uid":"{{{uid ?? name}}}","resourceVersion":"{{{version}}}"},"data":{{{data}}}}""";

    public InformerBed List(int version, params string[] items) => List(() => FakeApi.Json(
        $$"""{"kind":"ConfigMapList","apiVersion":"v1","metadata":{"resourceVersion":"{{version}}"},"items":[{{string.Join(',', items)}}]}"""));

    public InformerBed List(Func<HttpResponseMessage> answer)
    {
        lists.Enqueue(answer);
        return this;
    }

    public InformerBed Watch(FakeWatch watch) => Watch(watch.Response);

    public InformerBed Watch(Func<HttpResponseMessage> answer)
    {
        watches.Enqueue(answer);
        return this;
    }

    public InformerBed Start()
    {
        running = Informer.RunAsync(stop.Token);
        pumping = PumpAsync();
        return this;
    }

    /// <summary>The next changes, as <c>+name@version</c>, <c>name@version>name@version</c> and <c>-name@version</c>.</summary>
    public async Task<string[]> ChangesAsync(int count)
    {
        using var patience = new CancellationTokenSource(Patience);
        var seen = new string[count];
        for (var i = 0; i < count; i++)
            seen[i] = await changes.Reader.ReadAsync(patience.Token);
        return seen;
    }

    /// <summary>Whether changes are told that nobody asked for.</summary>
    public bool HasMoreChanges => changes.Reader.TryPeek(out _);

    public static Task UntilAsync(Func<bool> condition, string what) => Eventually.TrueAsync(condition, Patience, what);

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await running;
        await pumping;
        Client.Dispose();
    }

    private async Task PumpAsync()
    {
        try
        {
            while (true)
            {
                await time.WaitForTimersAsync(1, stop.Token);
                if (time.NextDue is { } due)
                {
                    waits.Enqueue(due - time.GetUtcNow());
                    time.AdvanceToNextTimer();
                }
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    private static string Text(ConfigMap map) => $"{map.Metadata.Name}@{map.Metadata.ResourceVersion}";
}
