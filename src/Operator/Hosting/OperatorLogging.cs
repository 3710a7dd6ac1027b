using Microsoft.Extensions.Logging;

namespace LlmOps.Operator.Hosting;

/// <summary>Where log lines go and how they look. In both formats each line of a reconcile carries controller, namespace, name and reconcile id.</summary>
internal static class OperatorLogging
{
    public const string Text = "text";
    public const string Json = "json";

    /// <param name="format"><see cref="Text"/> or <see cref="Json"/>.</param>
    public static ILoggerFactory Create(string format) => LoggerFactory.Create(logging =>
    {
        if (format == Json)
        {
            // Ids of a trace are on a line only while its reconcile is traced.
            logging.Configure(options => options.ActivityTrackingOptions = ActivityTrackingOptions.TraceId | ActivityTrackingOptions.SpanId);
            logging.AddJsonConsole(console =>
            {
                console.IncludeScopes = true;
                console.UseUtcTimestamp = true;
                console.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ";
            });
            return;
        }

        logging.AddSimpleConsole(console =>
        {
            console.IncludeScopes = true;
            console.SingleLine = true;
            console.UseUtcTimestamp = true;
            console.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ ";
        });
    });
}
