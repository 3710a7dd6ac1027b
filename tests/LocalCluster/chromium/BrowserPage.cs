using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using LlmOps.Testing;

namespace LlmOps.LocalCluster;

/// <summary>A page of a <see cref="Browser"/>. Thread-safe.</summary>
public sealed class BrowserPage : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly Dictionary<string, (int Code, string? Text)> Keys = new() { ["Tab"] = (9, null), ["Enter"] = (13, "\r"), ["Escape"] = (27, null), ["Space"] = (32, " ") };

    private readonly Browser browser;
    private readonly string context;
    private readonly ConcurrentQueue<Uri> requested = [];
    private readonly ConcurrentQueue<string> complaints = [];
    private readonly ConcurrentQueue<string> forgiven = [];

    internal BrowserPage(Browser browser, string session, string context) => (this.browser, Session, this.context) = (browser, session, context);

    /// <summary>All that it asked for.</summary>
    public IReadOnlyList<Uri> Requested => [.. requested];

    /// <summary>Exceptions of scripts, errors on the console, and what the browser itself refused (Content-Security-Policy) or could not load.</summary>
    public IReadOnlyList<string> Complaints => [.. complaints.Where(c => !forgiven.Any(part => c.Contains(part, StringComparison.Ordinal)))];

    internal string Session { get; }

    /// <summary>From now on complaints with this text, which a test provokes, are none.</summary>
    public void Forgive(string part) => forgiven.Enqueue(part);

    public Task GoAsync(Uri address) => CallAsync("Page.navigate", new() { ["url"] = address.ToString() });

    /// <summary>Value of an expression; promises are awaited.</summary>
    /// <exception cref="InvalidOperationException">It throws.</exception>
    public async Task<JsonNode?> ValueAsync(string expression)
    {
        var answer = await CallAsync("Runtime.evaluate", new() { ["expression"] = expression, ["returnByValue"] = true, ["awaitPromise"] = true });
        return answer["exceptionDetails"] is { } thrown ? throw new InvalidOperationException($"{expression}: {thrown["exception"]?["description"] ?? thrown["text"]}") : answer["result"]!["value"]?.DeepClone();
    }

    /// <summary>Returns once an expression is true.</summary>
    /// <exception cref="TimeoutException">It never was; says what is on the page.</exception>
    public async Task UntilAsync(string condition)
    {
        var text = string.Empty;
        await Eventually.TrueAsync(
            async _ =>
            {
                text = (string?)await ValueAsync("document.body?.innerText") ?? string.Empty;
                return (bool?)await ValueAsync($"Boolean({condition})") == true;
            },
            Patience,
            () => $"{condition}\ncomplaints: {string.Join('\n', complaints)}\nthe page: {text}");
    }

    /// <summary>Presses and releases a key: Tab, Enter, Escape or Space.</summary>
    public async Task PressAsync(string key, bool shift = false)
    {
        var (code, text) = Keys[key];
        foreach (var type in new[] { text is null ? "rawKeyDown" : "keyDown", "keyUp" })
        {
            var press = new JsonObject { ["type"] = type, ["key"] = key == "Space" ? " " : key, ["code"] = key, ["windowsVirtualKeyCode"] = code, ["modifiers"] = shift ? 8 : 0 };
            if (text is not null && type == "keyDown")
                press["text"] = text;
            await CallAsync("Input.dispatchKeyEvent", press);
        }
    }

    /// <summary>Types into what has the focus.</summary>
    public Task TypeAsync(string text) => CallAsync("Input.insertText", new() { ["text"] = text });

    /// <summary>Width of the window in pixels, and which colours the user prefers.</summary>
    public async Task LookAsync(int width, bool dark)
    {
        await CallAsync("Emulation.setEmulatedMedia", new() { ["features"] = new JsonArray(new JsonObject { ["name"] = "prefers-color-scheme", ["value"] = dark ? "dark" : "light" }) });
        await SizeAsync(width, 900);
    }

    /// <summary>Writes a picture of the whole page (PNG).</summary>
    /// <param name="file">Path.</param>
    /// <param name="width">Width of the window, which stays.</param>
    public async Task ShootAsync(string file, int width)
    {
        var height = (int)Math.Ceiling((double)(await CallAsync("Page.getLayoutMetrics"))["cssContentSize"]!["height"]!);
        await SizeAsync(width, height);
        var picture = (string)(await CallAsync("Page.captureScreenshot", new() { ["format"] = "png" }))["data"]!;
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        await File.WriteAllBytesAsync(file, Convert.FromBase64String(picture));
        await SizeAsync(width, 900);
    }

    public async ValueTask DisposeAsync() => await browser.CloseAsync(this, context);

    internal Task<JsonObject> CallAsync(string method, JsonObject? parameters = null) => browser.CallAsync(method, parameters, Session);

    internal void Take(string @event, JsonObject what)
    {
        switch (@event)
        {
            case "Network.requestWillBeSent":
                requested.Enqueue(new((string)what["request"]!["url"]!));
                break;
            case "Runtime.exceptionThrown":
                complaints.Enqueue((string?)what["exceptionDetails"]!["exception"]?["description"] ?? what.ToJsonString());
                break;
            case "Runtime.consoleAPICalled" when (string?)what["type"] is "error" or "warning" or "assert":
                complaints.Enqueue(what["args"]!.ToJsonString());
                break;
            case "Log.entryAdded" when (string?)what["entry"]!["level"] == "error":
                complaints.Enqueue($"{what["entry"]!["text"]} {what["entry"]!["url"]}");
                break;
        }
    }

    private Task<JsonObject> SizeAsync(int width, int height) =>
        CallAsync("Emulation.setDeviceMetricsOverride", new() { ["width"] = width, ["height"] = height, ["deviceScaleFactor"] = 1, ["mobile"] = false });
}
