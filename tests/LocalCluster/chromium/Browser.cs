using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using LlmOps.LocalCluster.Processes;

namespace LlmOps.LocalCluster;

/// <summary>
/// A real headless Chromium from Debian's packages, unpacked and not installed, driven over its DevTools protocol
/// (https://chromedevtools.github.io/devtools-protocol). Ends with this process at the latest.
/// </summary>
public sealed partial class Browser : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly ChildProcess process;
    private readonly string folder;
    private readonly ClientWebSocket socket = new();
    private readonly SemaphoreSlim sending = new(1);
    private readonly CancellationTokenSource stop = new();
    private readonly ConcurrentDictionary<int, TaskCompletionSource<JsonObject>> calls = [];
    private readonly ConcurrentDictionary<string, BrowserPage> pages = [];
    private Task receiving = Task.CompletedTask;
    private int last;

    private Browser(ChildProcess process, string folder) => (this.process, this.folder) = (process, folder);

    /// <summary>Unpacks Chromium where that was not done yet.</summary>
    /// <exception cref="InvalidOperationException">It cannot be had; the message says why and what to do.</exception>
    public static async Task PrepareAsync(Action<string>? log = null, CancellationToken ct = default)
    {
        if (!OperatingSystem.IsLinux() || !File.Exists("/usr/bin/apt-get") || !File.Exists("/usr/bin/dpkg-deb"))
            throw new InvalidOperationException($"Chromium comes from Debian's packages and needs apt-get and dpkg-deb, this is {RuntimeInformation.RuntimeIdentifier}");
        var script = Workspace.Source("chromium", "fetch.sh");
        var output = new List<string>();
        var code = await BuildScript.RunAsync(script, [], line => { lock (output) output.Add(line); log?.Invoke(line); }, ct);
        if (code != 0)
            throw new InvalidOperationException($"{script} failed with exit code {code}:\n{string.Join('\n', output.TakeLast(10))}");
    }

    /// <exception cref="InvalidOperationException">It cannot be had, or it does not start.</exception>
    public static async Task<Browser> StartAsync()
    {
        await PrepareAsync();
        var (root, folder) = (Path.Combine(Workspace.Work, "chromium", "root"), Workspace.CreateRunDirectory("chromium"));
        var libraries = new[] { "usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu/pulseaudio" }.Select(l => Path.Combine(root, l));
        var process = await ChildProcess.StartAsync(new()
        {
            Executable = Path.Combine(root, "usr", "lib", "chromium", "chromium-headless-shell"),
            // Its sandbox needs rights that a test run in a container does not have; it shows this repository's page alone.
            Arguments = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--remote-debugging-port=0", $"--user-data-dir={Path.Combine(folder, "profile")}", "about:blank"],
            Environment = new Dictionary<string, string?>
            {
                ["LD_LIBRARY_PATH"] = string.Join(':', libraries),
                ["FONTCONFIG_FILE"] = Path.Combine(root, "fonts.conf"),
                ["http_proxy"] = null,
                ["https_proxy"] = null,
                ["HTTP_PROXY"] = null,
                ["HTTPS_PROXY"] = null,
            },
            WorkingDirectory = folder,
            LogFile = Path.Combine(folder, "chromium.log"),
        });
        var browser = new Browser(process, folder);
        try
        {
            await browser.socket.ConnectAsync(await browser.AddressAsync(), CancellationToken.None);
        }
        catch
        {
            await browser.DisposeAsync();
            throw;
        }

        browser.receiving = browser.ReceiveAsync();
        return browser;
    }

    /// <summary>A page of its own: nothing is shared with others, as in a private window.</summary>
    public async Task<BrowserPage> OpenAsync()
    {
        var context = (string)(await CallAsync("Target.createBrowserContext"))["browserContextId"]!;
        var target = (string)(await CallAsync("Target.createTarget", new() { ["url"] = "about:blank", ["browserContextId"] = context }))["targetId"]!;
        var session = (string)(await CallAsync("Target.attachToTarget", new() { ["targetId"] = target, ["flatten"] = true }))["sessionId"]!;
        var page = pages[session] = new(this, session, context);
        foreach (var domain in new[] { "Page", "Runtime", "Log", "Network" })
            await page.CallAsync($"{domain}.enable");
        return page;
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await receiving;
        socket.Dispose();
        await process.DisposeAsync();
        Workspace.TryDelete(folder);
        sending.Dispose();
        stop.Dispose();
    }

    /// <exception cref="InvalidOperationException">The browser says no, or is gone.</exception>
    internal async Task<JsonObject> CallAsync(string method, JsonObject? parameters = null, string? session = null)
    {
        var id = Interlocked.Increment(ref last);
        var answer = calls[id] = new(TaskCreationOptions.RunContinuationsAsynchronously);
        var call = new JsonObject { ["id"] = id, ["method"] = method, ["params"] = parameters ?? [] };
        if (session is not null)
            call["sessionId"] = session;
        await sending.WaitAsync(stop.Token);
        try
        {
            await socket.SendAsync(Encoding.UTF8.GetBytes(call.ToJsonString()), WebSocketMessageType.Text, endOfMessage: true, stop.Token);
        }
        finally
        {
            sending.Release();
        }

        var message = await answer.Task.WaitAsync(Patience);
        return message["error"] is { } error ? throw new InvalidOperationException($"{method}: {error["message"]}") : message["result"]!.AsObject();
    }

    internal async Task CloseAsync(BrowserPage page, string context)
    {
        pages.TryRemove(page.Session, out _);
        await CallAsync("Target.disposeBrowserContext", new() { ["browserContextId"] = context });
    }

    [GeneratedRegex(@"DevTools listening on (ws://\S+)")]
    private static partial Regex Listening { get; }

    /// <summary>It says where it listens once it does.</summary>
    private async Task<Uri> AddressAsync()
    {
        var found = await Testing.Eventually.ValueAsync(
            _ => Task.FromResult(Listening.Match(process.LogTail(200)) is { Success: true } match ? match : process.Exited.IsCompleted ? Match.Empty : null),
            Patience,
            () => $"Chromium says where it listens:\n{process.LogTail()}");
        return found.Success ? new(found.Groups[1].Value) : throw new InvalidOperationException($"Chromium does not start:\n{process.LogTail()}");
    }

    private async Task ReceiveAsync()
    {
        var (buffer, message) = (new byte[64 * 1024], new MemoryStream());
        try
        {
            while (true)
            {
                var part = await socket.ReceiveAsync(buffer, stop.Token);
                if (part.MessageType == WebSocketMessageType.Close)
                    return;
                message.Write(buffer, 0, part.Count);
                if (!part.EndOfMessage)
                    continue;
                Take(JsonNode.Parse(message.ToArray())!.AsObject());
                message.SetLength(0);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or WebSocketException or JsonException)
        {
            // It is over; calls that wait are told below.
        }
        finally
        {
            foreach (var call in calls.Values)
                call.TrySetException(new InvalidOperationException($"Chromium is gone:\n{process.LogTail()}"));
        }
    }

    private void Take(JsonObject message)
    {
        if ((int?)message["id"] is { } id)
        {
            if (calls.TryRemove(id, out var call))
                call.TrySetResult(message);
        }
        else if ((string?)message["sessionId"] is { } session && pages.TryGetValue(session, out var page))
        {
            page.Take((string)message["method"]!, message["params"]!.AsObject());
        }
    }
}
