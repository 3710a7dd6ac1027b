namespace LlmOps.Testing.ApiServer.Storage;

/// <summary>
/// One change in the history: what was there before, what is there now. Which event a watcher sees depends on which of the
/// two its selectors match.
/// </summary>
/// <param name="Before">Null when the object was created.</param>
/// <param name="After">The new version; of a deleted object its last state, carrying the version of the deletion.</param>
internal sealed record WatchRecord(long ResourceVersion, StoredObject? Before, StoredObject After, bool IsDeletion)
{
    /// <summary>ADDED, MODIFIED or DELETED as seen through a selection; null when nothing is seen.</summary>
    public string? TypeFor(Func<StoredObject, bool> selects)
    {
        var was = Before is not null && selects(Before);
        var isNow = !IsDeletion && selects(After);
        return (was, isNow) switch
        {
            (false, true) => "ADDED",
            (true, true) => "MODIFIED",
            (true, false) => "DELETED",
            _ => null,
        };
    }
}
