namespace LlmOps.Testing.ApiServer.Faults;

/// <summary>Waits for the k-th write from where it was set and calls back once.</summary>
internal sealed class CrashPoint(int k, Func<ApiRequest, bool> counts, Action<WriteRecord> callback, bool loseAnswer)
{
    private int seen;

    public bool LosesAnswer => loseAnswer;

    /// <summary>Called in the order of commits, under the store's gate.</summary>
    public bool IsReachedBy(WriteRecord write) => counts(write.Request) && ++seen == k;

    public void Invoke(WriteRecord write) => callback(write);
}
