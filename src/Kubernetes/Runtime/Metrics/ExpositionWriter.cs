using System.Buffers;
using System.Globalization;
using System.Text;

namespace LlmOps.Kubernetes;

/// <summary>Writes lines of the text format.</summary>
internal sealed class ExpositionWriter(IBufferWriter<byte> output)
{
    private const int FlushAt = 8 * 1024;

    private readonly StringBuilder line = new(FlushAt * 2);

    public static string Number(double value) =>
        double.IsPositiveInfinity(value) ? "+Inf"
        : double.IsNegativeInfinity(value) ? "-Inf"
        : value.ToString("R", CultureInfo.InvariantCulture);

    public void Header(string name, string type, string help)
    {
        if (help.Length > 0)
        {
            var escaped = help.Replace("\\", @"\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
            line.Append("# HELP ").Append(name).Append(' ').Append(escaped).Append('\n');
        }

        line.Append("# TYPE ").Append(name).Append(' ').Append(type).Append('\n');
    }

    public void Sample(string name, string labels, double value)
    {
        line.Append(name);
        if (labels.Length > 0)
            line.Append('{').Append(labels).Append('}');
        line.Append(' ').Append(Number(value)).Append('\n');
        if (line.Length >= FlushAt)
            Flush();
    }

    public void Flush()
    {
        Encoding.UTF8.GetBytes(line.ToString(), output);
        line.Clear();
    }
}
