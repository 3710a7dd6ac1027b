using System.Globalization;
using System.Text.Json.Nodes;

namespace LlmOps.Kubernetes;

/// <summary>Something that happened, once.</summary>
internal sealed record EventOccurrence(ObjectReference Regarding, string Type, string Reason, string Action, string Note, DateTimeOffset At);

/// <summary>Which occurrences belong to one event. No IO; one user at a time.</summary>
/// <remarks>
/// client-go's recorder for this API leaves the note out of the key, and the server lets no note change, so that of a series only the first one is read. Here notes are
/// most of what is told, so each has an event of its own; but after <see cref="MostNotes"/> that differ in nothing else the rest share one.
/// </remarks>
internal sealed class EventSeriesBook(string controllerName, string instance)
{
    /// <summary>As client-go: a series that was quiet for so long is over.</summary>
    internal static readonly TimeSpan SeriesLifetime = TimeSpan.FromMinutes(6);

    /// <summary>As client-go's recorder for core/v1: from so many on, events that differ in their note alone are combined.</summary>
    internal const int MostNotes = 10;

    private const int MaxSeries = 4096;

    private readonly Dictionary<SeriesKey, Entry> entries = [];

    /// <summary>How many events differ in their note alone, and when the last of them began; by the key without a note.</summary>
    private readonly Dictionary<SeriesKey, (int Notes, DateTimeOffset LastAt)> similar = [];

    /// <param name="Note">Null for the event that others share.</param>
    private readonly record struct SeriesKey(string? Kind, string? Namespace, string? Name, string? Uid, string Type, string Reason, string Action, string? Note);

    public Entry Note(EventOccurrence occurrence)
    {
        var about = occurrence.Regarding;
        var key = new SeriesKey(about.Kind, about.Namespace, about.Name, about.Uid, occurrence.Type, occurrence.Reason, occurrence.Action, occurrence.Note);
        if (Running(key, occurrence.At) is { } entry)
            return entry;
        var shared = key with { Note = null };
        var notes = similar.TryGetValue(shared, out var known) && occurrence.At - known.LastAt < SeriesLifetime ? known.Notes : 0;
        similar[shared] = (notes + 1, occurrence.At);
        if (notes >= MostNotes)
        {
            if (Running(shared, occurrence.At) is { } combined)
                return combined;
            (key, occurrence) = (shared, occurrence with { Note = Excerpt.OfBytes($"(one of many) {occurrence.Note}", EventRecorder.NoteBytes) });
        }

        if (entries.Count >= MaxSeries)
            Forget(occurrence.At);
        return entries[key] = new Entry(occurrence, controllerName, instance);
    }

    /// <summary>The series of a key with one more occurrence; null where there is none or it is over.</summary>
    private Entry? Running(SeriesKey key, DateTimeOffset at)
    {
        if (!entries.TryGetValue(key, out var entry) || at - entry.LastAt >= SeriesLifetime)
            return null;
        entry.Repeat(at);
        return entry;
    }

    private void Forget(DateTimeOffset now)
    {
        foreach (var (key, entry) in entries)
        {
            if (now - entry.LastAt >= SeriesLifetime)
                entries.Remove(key);
        }

        foreach (var (key, group) in similar)
        {
            if (now - group.LastAt >= SeriesLifetime)
                similar.Remove(key);
        }

        // Only a flood of different events gets here: new events then, instead of series.
        if (entries.Count < MaxSeries)
            return;
        entries.Clear();
        similar.Clear();
    }

    /// <summary>One event and its repeats.</summary>
    internal sealed class Entry(EventOccurrence first, string controllerName, string instance)
    {
        private const int LongestBeginning = 200;

        public int Count { get; private set; } = 1;

        public DateTimeOffset LastAt { get; private set; } = first.At;

        /// <summary>Whether the server has it.</summary>
        public bool IsWritten { get; set; }

        /// <summary>Namespace of the object (<c>default</c> for cluster-scoped ones), and a name as client-go makes them.</summary>
        public ObjectKey Key { get; } = new(
            first.Regarding.Namespace is { Length: > 0 } ns ? ns : "default",
            $"{Beginning(first.Regarding.Name ?? "unknown")}.{Random.Shared.NextInt64().ToString("x16", CultureInfo.InvariantCulture)}");

        /// <summary>What may stand before a dot in a name, and leaves room for what makes it unique.</summary>
        private static string Beginning(string name) => name.Length <= LongestBeginning ? name : name[..LongestBeginning].TrimEnd('.', '-');

        public void Repeat(DateTimeOffset at)
        {
            Count++;
            LastAt = at;
        }

        public Event ToEvent() => new()
        {
            Metadata = new ObjectMeta { Namespace = Key.Namespace, Name = Key.Name },
            EventTime = first.At,
            ReportingController = controllerName,
            ReportingInstance = Excerpt.OfBytes(instance, 128),
            Regarding = first.Regarding,
            Type = first.Type,
            Reason = first.Reason,
            Action = first.Action,
            Note = first.Note,
            Series = Count > 1 ? new EventSeries { Count = Count, LastObservedTime = LastAt } : null,
        };

        public JsonObject SeriesPatch() => new()
        {
            ["series"] = new JsonObject
            {
                ["count"] = Count,
                ["lastObservedTime"] = MicroTimeConverter.Format(LastAt),
            },
        };
    }
}
