using System.CommandLine;

namespace LlmOps.Gateway;

/// <summary><c>probe URL…</c>: looks whether something answers, from where a pod is. For <c>helm test</c>, and because the image has no shell and no curl.</summary>
internal static class ProbeCommand
{
    private static readonly TimeSpan BetweenAttempts = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan AttemptTimeout = TimeSpan.FromSeconds(5);

    public static Command Create(TimeProvider time)
    {
        var urls = new Argument<string[]>("url") { Description = "What to GET", Arity = ArgumentArity.OneOrMore };
        var timeout = new Option<int>("--timeout-seconds") { Description = "How long to wait for all of them", DefaultValueFactory = _ => 30 };
        timeout.Validators.Add(result =>
        {
            if (result.GetValue(timeout) is < 1 or > 3600)
                result.AddError("--timeout-seconds must be from 1 to 3600");
        });
        urls.Validators.Add(result =>
        {
            foreach (var token in result.Tokens)
            {
                if (!Uri.TryCreate(token.Value, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https"))
                    result.AddError($"{token.Value} is not an http or https URL");
            }
        });
        var command = new Command("probe", "Wait until each URL answers with success; exit code 1 where one does not.") { urls, timeout };
        command.SetAction(async (parsed, ct) =>
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(parsed.GetValue(timeout)), time);
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, ct);
            using var http = new HttpClient { Timeout = Timeout.InfiniteTimeSpan };
            foreach (var url in parsed.GetRequiredValue(urls))
            {
                if (await WaitAsync(http, new Uri(url), time, stop.Token) is { } problem)
                {
                    await parsed.InvocationConfiguration.Error.WriteLineAsync($"{url} does not answer: {problem}");
                    return 1;
                }

                await parsed.InvocationConfiguration.Output.WriteLineAsync($"{url} answers");
            }

            return 0;
        });
        return command;
    }

    /// <summary>What the last attempt came to; null where it succeeded.</summary>
    private static async Task<string?> WaitAsync(HttpClient http, Uri url, TimeProvider time, CancellationToken ct)
    {
        var problem = "there was no time left";
        while (!ct.IsCancellationRequested)
        {
            try
            {
                using var tooLong = new CancellationTokenSource(AttemptTimeout, time);
                using var attempt = CancellationTokenSource.CreateLinkedTokenSource(ct, tooLong.Token);
                using var answer = await http.GetAsync(url, HttpCompletionOption.ResponseHeadersRead, attempt.Token);
                if (answer.IsSuccessStatusCode)
                    return null;
                problem = $"status {(int)answer.StatusCode}";
                await Task.Delay(BetweenAttempts, time, ct);
            }
            catch (HttpRequestException e)
            {
                problem = e.Message;
                await Task.Delay(BetweenAttempts, time, ct).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (OperationCanceledException)
            {
                // One attempt took too long, or there is no time for another.
            }
        }

        return problem;
    }
}
