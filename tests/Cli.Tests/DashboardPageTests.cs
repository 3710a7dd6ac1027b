using System.Text.Json.Nodes;
using LlmOps.LocalCluster;
using LlmOps.Testing;
using Xunit;

namespace LlmOps.Cli.Tests;

/// <summary>One Chromium for all tests of pages.</summary>
public sealed class BrowserFixture : IAsyncLifetime
{
    public Browser Browser { get; private set; } = null!;

    public async Task InitializeAsync() => Browser = await Browser.StartAsync();

    public Task DisposeAsync() => Browser?.DisposeAsync().AsTask() ?? Task.CompletedTask;
}

/// <summary>The dashboard's page in a real browser, as a person uses it. Pictures of it are in artifacts/dashboard after a run.</summary>
public sealed class DashboardPageTests(BrowserFixture fixture) : IClassFixture<BrowserFixture>, IAsyncLifetime
{
    private const string Canary = "document.querySelector('#weights')?.innerText.includes('candidate 25%')";

    private ServedDashboard served = null!;
    private BrowserPage page = null!;

    private Desk Desk => served.Desk;

    public async Task InitializeAsync()
    {
        served = await ServedDashboard.StartAsync();
        page = await fixture.Browser.OpenAsync();
        await page.LookAsync(1280, dark: false);
    }

    public async Task DisposeAsync()
    {
        var (requested, complaints) = (page.Requested, page.Complaints);
        await page.DisposeAsync();
        await served.DisposeAsync();
        Assert.All(requested, r => Assert.Equal(new Uri(served.Address, "/").ToString(), new Uri(r, "/").ToString()));
        Assert.Empty(complaints);
    }

    [Fact]
    public async Task The_canary_is_shown_with_plots_that_follow_its_counts()
    {
        await ShowAsync();
        Assert.DoesNotContain(served.Token, (string?)await page.ValueAsync("location.href"), StringComparison.Ordinal);
        Assert.Equal("candidate: 1.4%", await LegendAsync("plot-errors", "candidate"));
        Assert.Equal("stable: 1.1%", await LegendAsync("plot-errors", "stable"));
        Assert.Equal(["stable p50: 210 ms", "stable p95: 480 ms", "candidate p50: 220 ms", "candidate p95: 1.06 s"], await Task.WhenAll(new[] { "stable p50", "stable p95", "candidate p50", "candidate p95" }.Select(line => LegendAsync("plot-ttft", line))));
        Assert.Equal("candidate p95: 31.2 ms", await LegendAsync("plot-pace", "candidate p95"));
        Assert.Equal("candidate: 25.0%", await LegendAsync("plot-weight", "candidate"));
        Assert.False((bool)(await page.ValueAsync("document.querySelector('#plot-length').checkVisibility()"))!, "no answer told its length");
        await CountOnAsync(times: 1);
        foreach (var plot in new[] { "plot-tests", "plot-weight", "plot-errors", "plot-ttft" })
            Assert.True((bool)(await page.ValueAsync($"{Drawn(plot, plot == "plot-tests" ? "--bad" : "--candidate")} > 20"))!, $"{plot} has a line");

        var deployment = Desk.Server.Find("llmdeployments.llmops.dev", "default", "support-bot")!;
        var rollout = deployment["status"]!["rollout"]!;
        rollout["evidence"]![0]!["candidate"]!["errors"] = 30;
        rollout["evidenceSavedAt"] = "2026-07-01T12:00:30Z";
        Desk.Server.Seed(deployment);
        await page.UntilAsync("document.querySelector('#plot-errors .u-legend').textContent.includes('candidate13.4%')");
        await page.UntilAsync("document.querySelector('#tests').innerText.includes('candidate 31 of 232')");
        Assert.True(double.Parse((await LegendAsync("plot-tests", "together"))["together: ".Length..^1], System.Globalization.CultureInfo.InvariantCulture) > 100);

        // Who changes to dark while the page is open gets its colours in the plots, too.
        await page.LookAsync(1280, dark: true);
        await page.UntilAsync($"{Drawn("plot-weight", "--candidate")} > 20");
        Assert.Equal(await TextAsync("getComputedStyle(document.querySelector('.tracks .candidate')).color"), await TextAsync("getComputedStyle(document.querySelector('#plot-weight .u-series:last-child .u-marker')).backgroundColor"));
    }

    [Fact]
    public async Task Gates_worst_cases_differences_and_history_are_shown()
    {
        await ShowAsync();
        Assert.Equal("correct not worse than stable by 0.03|Pass|correct 490 of 500, stable 470; p 0.001", await TextAsync("[...document.querySelectorAll('#gates tbody tr:first-child td')].map(c => c.innerText).join('|')"));
        await page.ValueAsync("document.querySelector('#gates details').open = true");
        Assert.Equal("You can return it within 14 days.|You have 30 days to return it.", await TextAsync("[...document.querySelectorAll('#gates .case:first-of-type pre')].map(c => c.innerText).join('|')"));
        Assert.Contains("+ Be brief and polite.", await TextAsync("[...document.querySelectorAll('#diff .added')].map(c => c.innerText.replace(/\\s+/g, ' ').trim()).join('|')"), StringComparison.Ordinal);
        Assert.Contains("- --max-num-seqs=64", await TextAsync("[...document.querySelectorAll('#diff .removed')].map(c => c.innerText).join('|')"), StringComparison.Ordinal);
        Assert.Equal("✓ start|✓ gate support-quality|● weight 25%| approval| weight 50%", await TextAsync("[...document.querySelectorAll('#stages li')].map(s => `${s.firstChild.innerText} ${s.childNodes[1].data}`).join('|')"));
        Assert.Equal("deadbeef00|3b9d56923b|0ldre1ea5e", await TextAsync("[...document.querySelectorAll('#history tbody code')].map(c => c.innerText).join('|')"));
        // Opened details and what was read stay where they are while the page asks again.
        await page.ValueAsync("document.querySelector('#asof').textContent = ''");
        await page.UntilAsync("document.querySelector('#asof').textContent !== ''");
        Assert.True((bool)(await page.ValueAsync("document.querySelector('#gates details').open"))!);
    }

    [Fact]
    public async Task A_canary_is_aborted_by_the_keyboard_alone()
    {
        var @operator = AnsweringOperator.Applies(Desk, "release a2cd4d0cdd was reverted");
        await page.GoAsync(served.Address);
        await page.UntilAsync("document.querySelector('#overview a[href=\"#/default/support-bot\"]')");
        await TabToAsync("#overview a[href='#/default/support-bot']");
        await page.PressAsync("Enter");
        await page.UntilAsync(Canary);
        Assert.True((bool)(await page.ValueAsync("document.querySelector('#approve').disabled"))!, "nothing waits for an approval");
        await TabToAsync("#abort");
        await page.PressAsync("Enter");
        await page.UntilAsync("document.querySelector('#dialog').open && document.activeElement.id === 'reason'");

        await page.PressAsync("Escape");
        await page.UntilAsync("!document.querySelector('#dialog').open && document.activeElement.id === 'abort'");
        Assert.Empty(@operator.Asked);

        await page.PressAsync("Space");
        await page.UntilAsync("document.querySelector('#dialog').open && document.activeElement.id === 'reason'");
        Assert.Equal("Abort release a2cd4d0cdd?", await TextAsync("document.querySelector('#dialog-title').innerText"));
        await page.TypeAsync("users complain");
        await page.PressAsync("Enter");
        await page.UntilAsync("document.querySelector('#answer').innerText === 'Abort applied: release a2cd4d0cdd was reverted'");
        Assert.Equal("""{"deployment":"support-bot","action":"Abort","release":"a2cd4d0cdd","reason":"users complain"}""", Assert.Single(@operator.Asked).ToJsonString());
    }

    [Fact]
    public async Task What_would_be_refused_cannot_be_pressed()
    {
        const string Pressable = "[...document.querySelectorAll('#approve, #promote, #abort')].filter(b => !b.disabled).map(b => b.id).join(' ')";
        await ShowAsync();
        Assert.Equal("promote abort", await TextAsync(Pressable));
        var deployment = Desk.Server.Find("llmdeployments.llmops.dev", "default", "support-bot")!;
        deployment["status"]!["pausedBy"] = "ada";
        deployment["status"]!["rollout"]!["stepName"] = "approval";
        Desk.Server.Seed(deployment);
        await page.UntilAsync($"({Pressable}) === 'approve abort'");
    }

    [Fact]
    public async Task A_refusal_is_told_and_what_is_confirmed_is_about_the_release_that_was_shown()
    {
        var @operator = AnsweringOperator.Refuses(Desk, "release a2cd4d0cdd is not the candidate any more");
        await ShowAsync();
        await page.ValueAsync("document.querySelector('#promote').click()");
        var deployment = Desk.Server.Find("llmdeployments.llmops.dev", "default", "support-bot")!;
        deployment["status"]!["candidate"]!["release"] = "0the4e1ea5";
        Desk.Server.Seed(deployment);
        await page.UntilAsync("document.querySelector('#tracks').textContent.includes('0the4e1ea5')");
        await page.ValueAsync("document.querySelector('#confirm').click()");
        await page.UntilAsync("document.querySelector('#answer.bad')?.innerText === 'Promote refused: release a2cd4d0cdd is not the candidate any more'");
        Assert.Equal("""{"deployment":"support-bot","action":"Promote","release":"a2cd4d0cdd"}""", Assert.Single(@operator.Asked).ToJsonString());
    }

    [Fact]
    public async Task Texts_of_the_cluster_are_shown_and_never_run()
    {
        const string Hostile = "<img src=x onerror=\"window.hacked=1\"><script>window.hacked=2</script><svg onload=\"window.hacked=3\">";
        var deployment = Desk.Server.Find("llmdeployments.llmops.dev", "default", "support-bot")!;
        var status = deployment["status"]!;
        status["candidate"]!["model"] = Hostile;
        status["rollout"]!["message"] = Hostile;
        status["rollout"]!["stepTimes"]![1]!["name"] = Hostile;
        status["rollout"]!["timeline"] = new JsonArray(new JsonObject { ["time"] = "2026-07-01T11:50:00Z", ["reason"] = Hostile, ["step"] = 0, ["weight"] = 0, ["message"] = Hostile });
        status["history"]!.AsArray().Add(new JsonObject { ["id"] = "4", ["release"] = "abcdef0123", ["outcome"] = "Reverted", ["reason"] = Hostile, ["message"] = Hostile, ["startedAt"] = "2026-06-01T12:00:00Z", ["finishedAt"] = "2026-06-01T12:00:00Z", ["maxWeight"] = 1, ["candidateRequests"] = 0, ["actor"] = Hostile });
        Desk.Server.Seed(deployment);
        var run = Desk.Server.FindAll("evalruns.llmops.dev", "default")[0];
        run["status"]!["message"] = Hostile;
        run["status"]!["criteria"]![0]!["criterion"] = Hostile;
        Desk.Server.Seed(run);
        var report = Desk.Server.Find("configmaps", "default", "support-bot-9a3b12cd-0-abcd")!;
        report["data"]!["report.json"] = new JsonObject { ["worstCases"] = new JsonArray(new JsonObject { ["id"] = Hostile, ["metric"] = Hostile, ["answer"] = Hostile, ["baselineAnswer"] = Hostile, ["why"] = Hostile }) }.ToJsonString();
        Desk.Server.Seed(report);
        var prompt = Desk.Server.Find("promptversions.llmops.dev", "default", "support-1.1.0")!;
        prompt["spec"]!["messages"]![0]!["template"] = Hostile;
        Desk.Server.Seed(prompt);

        await ShowAsync();
        await page.ValueAsync("document.querySelector('#gates details').open = true");
        foreach (var part in new[] { "tracks", "because", "stages", "gates", "diff", "timeline", "history" })
            Assert.Contains(Hostile, await TextAsync($"document.querySelector('#{part}').textContent"), StringComparison.Ordinal);
        Assert.Equal(0, (int?)await page.ValueAsync("document.querySelectorAll('main img, main script, main svg, main iframe').length"));
        Assert.True((bool)(await page.ValueAsync("window.hacked === undefined"))!);
    }

    [Theory]
    [InlineData(1280, false)]
    [InlineData(1280, true)]
    [InlineData(390, false)]
    [InlineData(390, true)]
    public async Task It_is_readable(int width, bool dark)
    {
        await page.LookAsync(width, dark);
        await ShowAsync();
        await CountOnAsync(times: 20);
        await page.ValueAsync("document.querySelector('#gates details').open = true");
        Assert.Equal("[]", (await page.ValueAsync(PaleTexts))!.ToJsonString());
        Assert.True((bool)(await page.ValueAsync("document.documentElement.scrollWidth <= innerWidth"))!, "nothing sticks out");
        Assert.True((bool)(await page.ValueAsync($"{Drawn("plot-weight", "--candidate")} > 20"))!, "lines have the colours of the page");
        var name = $"{(width < 800 ? "narrow" : "wide")}-{(dark ? "dark" : "light")}";
        await page.ShootAsync(Path.Combine(Repository.Root, "artifacts", "dashboard", $"{name}.png"), width);
        await page.ValueAsync("document.querySelector('#abort').click()");
        Assert.Equal("[]", (await page.ValueAsync(PaleTexts))!.ToJsonString());
    }

    [Fact]
    public async Task What_is_old_says_so()
    {
        await ShowAsync();
        await served.EndAsync();
        await page.UntilAsync("document.querySelector('#broken').innerText.includes('what is shown is old')");
        page.Forgive("Failed to load resource");
    }

    [Fact]
    public async Task Without_the_secret_there_is_nothing_to_see()
    {
        await page.GoAsync(new Uri(served.Address, "/"));
        await page.UntilAsync("document.querySelector('#broken').innerText.startsWith('the address lacks its secret')");
        Assert.DoesNotContain("support-bot", await TextAsync("document.body.innerText"), StringComparison.Ordinal);
        page.Forgive("401");
    }

    /// <summary>Texts whose contrast with what is behind them is below WCAG's 4.5; buttons that cannot be pressed are exempt there.</summary>
    private const string PaleTexts = """
        (() => {
          const numbers = colour => { const n = colour.match(/[\d.]+/g).map(Number); return colour.startsWith('color(') ? [...n.slice(0, 3).map(v => v * 255), n[3] ?? 1] : [...n.slice(0, 3), n[3] ?? 1]; };
          const light = rgb => { const [r, g, b] = rgb.map(v => { v /= 255; return v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; }); return .2126 * r + .7152 * g + .0722 * b; };
          const behind = e => { for (; e; e = e.parentElement) { const c = numbers(getComputedStyle(e).backgroundColor); if (c[3] === 1) return c; } return [255, 255, 255, 1]; };
          return [...document.body.querySelectorAll('*')]
            .filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()) && e.checkVisibility() && !e.disabled)
            .map(e => { const [a, b] = [numbers(getComputedStyle(e).color), behind(e)].map(c => light(c.slice(0, 3))); return [e.textContent.slice(0, 40), (Math.max(a, b) + .05) / (Math.min(a, b) + .05)]; })
            .filter(([, ratio]) => ratio < 4.5);
        })()
        """;

    /// <summary>How many pixels of a plot have a colour of the page.</summary>
    private static string Drawn(string plot, string colour) => $$"""
        (() => {
          const probe = document.body.appendChild(Object.assign(document.createElement('span'), { hidden: true }));
          probe.style.color = 'var({{colour}})';
          const wanted = getComputedStyle(probe).color.match(/\d+/g).map(Number), canvas = document.querySelector('#{{plot}} canvas');
          probe.remove();
          const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
          let found = 0;
          for (let i = 0; i < data.length; i += 4)
            found += data[i + 3] > 200 && wanted.every((v, k) => Math.abs(v - data[i + k]) < 12);
          return found;
        })()
        """;

    private async Task ShowAsync()
    {
        await page.GoAsync(served.Address);
        await page.UntilAsync("document.querySelector('#overview a')");
        await page.ValueAsync("location.hash = '#/default/support-bot'");
        await page.UntilAsync("document.querySelector('#weights')?.textContent.includes('candidate 25%') && document.querySelector('#plot-errors canvas')");
    }

    /// <summary>The operator saves counts again, 10 s later each time, and the page looks.</summary>
    private async Task CountOnAsync(int times)
    {
        for (var i = 1; i <= times; i++)
        {
            var deployment = Desk.Server.Find("llmdeployments.llmops.dev", "default", "support-bot")!;
            var rollout = deployment["status"]!["rollout"]!;
            rollout["evidenceSavedAt"] = $"2026-07-01T12:{i / 6:00}:{i % 6 * 10:00}Z";
            Add(rollout["evidence"]![0]!["stable"]!, 60, i);
            Add(rollout["evidence"]![0]!["candidate"]!, 20, i);
            rollout["recentAnswers"] = new JsonObject { ["stable"] = Recent(640, 1 + (i % 3 * 0.02)), ["candidate"] = Recent(212, 1.05 + (i % 4 * 0.04)) };
            Desk.Server.Seed(deployment);
            await page.ValueAsync("look()");
        }

        static JsonObject Recent(long answers, double factor) => new()
        {
            ["ttft"] = Quantiles(answers, 0.21 * factor, 0.48 * factor),
            ["timePerOutputToken"] = Quantiles(answers, 0.0183 * factor, 0.0297 * factor),
            ["outputTokens"] = Quantiles(answers, 143 * factor, 391 * factor),
        };

        static JsonObject Quantiles(long answers, double median, double p95) => new() { ["answers"] = answers, ["p50"] = Math.Round(median, 6), ["p95"] = Math.Round(p95, 6) };

        static void Add(JsonNode track, int requests, int i)
        {
            track["requests"] = (long)track["requests"]! + requests;
            track["errors"] = (long)track["errors"]! + (i % 3 == 0 ? 1 : 0);
        }
    }

    private Task<string> LegendAsync(string plot, string label) =>
        TextAsync($"[...document.querySelectorAll('#{plot} .u-series')].map(s => `${{s.querySelector('.u-label').innerText}}: ${{s.querySelector('.u-value').innerText}}`).find(s => s.startsWith('{label}: '))");

    private async Task<string> TextAsync(string expression) => (string?)await page.ValueAsync(expression) ?? string.Empty;

    private async Task TabToAsync(string selector)
    {
        for (var i = 0; i < 50; i++)
        {
            await page.PressAsync("Tab");
            if ((bool)(await page.ValueAsync($"document.activeElement.matches(\"{selector}\")"))!)
            {
                Assert.True((bool)(await page.ValueAsync("getComputedStyle(document.activeElement).outlineStyle !== 'none'"))!, "the focus can be seen");
                return;
            }
        }

        Assert.Fail($"50 presses of Tab do not lead to {selector}");
    }
}
