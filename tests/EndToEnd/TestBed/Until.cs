namespace LlmOps.EndToEnd.TestBed;

/// <summary>Waits for something that a real process does, with a deadline.</summary>
internal static class Until
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    /// <exception cref="TimeoutException">Still false after <paramref name="seconds"/>.</exception>
    public static async Task TrueAsync(Func<Task<bool>> holds, int seconds = 20, Func<string>? explain = null)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(seconds), TimeProvider.System);
        while (!await holds())
        {
            if (deadline.IsCancellationRequested)
                throw new TimeoutException($"still not so after {seconds} s. {explain?.Invoke()}");
            await Task.Delay(Interval, TimeProvider.System);
        }
    }

    public static async Task<bool> AnswersAsync(this HttpClient client, string path)
    {
        try
        {
            using var answer = await client.GetAsync(new Uri(path, UriKind.Relative));
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
