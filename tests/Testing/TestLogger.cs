using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace LlmOps.Testing;

/// <summary>
/// Writes log lines to a test's output (<c>new TestLogger(output.WriteLine)</c>) and keeps them, so that a test can also
/// assert on what was logged. Lines after the end of a test, which xunit refuses, are kept but not written.
/// </summary>
public sealed class TestLogger(Action<string>? write = null, LogLevel minimum = LogLevel.Debug) : ILoggerFactory, ILoggerProvider
{
    private readonly ConcurrentQueue<TestLogLine> lines = new();
    private readonly LoggerExternalScopeProvider scopes = new();

    /// <summary>Everything logged so far, in order.</summary>
    public IReadOnlyCollection<TestLogLine> Lines => lines;

    /// <summary>Forgets what was logged.</summary>
    public void Clear() => lines.Clear();

    public ILogger CreateLogger(string categoryName) => new CategoryLogger(this, categoryName);

    public void AddProvider(ILoggerProvider provider) =>
        throw new NotSupportedException("the lines of a test go to one place");

    public void Dispose()
    {
    }

    private void Write(TestLogLine line)
    {
        lines.Enqueue(line);
        try
        {
            write?.Invoke(line.ToString());
        }
        catch (InvalidOperationException)
        {
            // xunit's output helper throws once its test has ended; a background task may still have something to say.
        }
    }

    private sealed class CategoryLogger(TestLogger owner, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => owner.scopes.Push(state);

        public bool IsEnabled(LogLevel logLevel) => logLevel >= owner.Minimum;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (!IsEnabled(logLevel))
                return;
            List<object?> around = [];
            owner.scopes.ForEachScope(static (scope, list) => list.Add(scope), around);
            owner.Write(new TestLogLine(logLevel, category, eventId.Name, formatter(state, exception), exception) { Scopes = around });
        }
    }

    private LogLevel Minimum { get; } = minimum;
}

/// <summary>One logged line.</summary>
public sealed record TestLogLine(LogLevel Level, string Category, string? EventName, string Message, Exception? Exception)
{
    /// <summary>The scopes around the line, outermost first.</summary>
    public IReadOnlyList<object?> Scopes { get; init; } = [];

    /// <summary>A field of a scope around the line; null where none has it.</summary>
    public object? Field(string name) =>
        Scopes.OfType<IEnumerable<KeyValuePair<string, object?>>>().SelectMany(fields => fields).LastOrDefault(field => field.Key == name).Value;

    public override string ToString() =>
        Exception is null ? $"{Level,-11} {Category}: {Message}" : $"{Level,-11} {Category}: {Message}\n{Exception}";
}
