using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace LlmOps.Bench.Loading;

/// <summary>Latencies of a run, in milliseconds.</summary>
/// <param name="Failures">Requests without a whole 2xx answer.</param>
internal sealed record LatencySample(IReadOnlyList<double> Milliseconds, int Failures);

/// <summary>
/// Open loop: a request every 1/rate seconds, whether or not earlier ones were answered, so that a slow path gets the same load as a fast one.
/// A thread of its own wakes by the kernel's high-resolution clock; a latency is from sending to the last byte.
/// </summary>
internal static class ConstantRateLoader
{
    private const int ClockMonotonic = 1;
    private const int AbsoluteTime = 1;

    public static async Task<LatencySample> RunAsync(Uri server, int requestsPerSecond, TimeSpan length, CancellationToken ct)
    {
        using var http = ChatRequest.Client();
        var body = ChatRequest.Body(stream: false);
        var latencies = new ConcurrentBag<double>();
        var failures = 0;
        var pending = new CountdownEvent(1);
        await Task.Factory.StartNew(Pace, ct, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        pending.Signal();
        await Task.Run(() => pending.Wait(ct), ct);
        return new([.. latencies], failures);

        void Pace()
        {
            var interval = 1e9 / requestsPerSecond;
            var start = Stopwatch.GetTimestamp();
            var count = (int)(length.TotalSeconds * requestsPerSecond);
            for (var i = 0; i < count && !ct.IsCancellationRequested; i++)
            {
                SleepUntil(start + (long)(i * interval));
                pending.AddCount();
                _ = SendAsync(i);
            }
        }

        async Task SendAsync(int i)
        {
            var sent = Stopwatch.GetTimestamp();
            try
            {
                using var request = ChatRequest.Create(server, body, i);
                using var response = await http.SendAsync(request, ct);
                if (response.IsSuccessStatusCode)
                    latencies.Add(Stopwatch.GetElapsedTime(sent).TotalMilliseconds);
                else
                    Interlocked.Increment(ref failures);
            }
            catch (Exception failure) when (failure is HttpRequestException or OperationCanceledException)
            {
                Interlocked.Increment(ref failures);
            }
            finally
            {
                pending.Signal();
            }
        }
    }

    /// <summary>Stopwatch's clock on Linux is CLOCK_MONOTONIC in nanoseconds.</summary>
    private static void SleepUntil(long nanoseconds)
    {
        var until = new TimeSpec(nanoseconds / 1_000_000_000, nanoseconds % 1_000_000_000);
        while (SleepUntil(ClockMonotonic, AbsoluteTime, in until, IntPtr.Zero) != 0)
        {
            // A signal woke us.
        }
    }

    [DllImport("libc", EntryPoint = "clock_nanosleep")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SleepUntil(int clock, int flags, in TimeSpec until, IntPtr remaining);

    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct TimeSpec(long Seconds, long Nanoseconds);
}
