using System.Globalization;
using System.Text;

namespace LlmOps.EngineEmulator.Metrics;

/// <summary>Writes Prometheus' text format, numbers as Python (<c>1.0</c>) or as Rust (<c>1</c>) prints them.</summary>
internal sealed class Exposition(bool pythonNumbers)
{
    private readonly StringBuilder _text = new(16 * 1024);

    /// <summary>Starts a family; without help (TGI) only the type is written.</summary>
    public void Family(string name, string type, string? help = null)
    {
        if (help is not null)
            _text.Append("# HELP ").Append(name).Append(' ').Append(help).Append('\n');
        _text.Append("# TYPE ").Append(name).Append(' ').Append(type).Append('\n');
    }

    public void Sample(string name, Labels labels, double value)
    {
        _text.Append(name);
        labels.AppendTo(_text);
        _text.Append(' ').Append(Number(value)).Append('\n');
    }

    public string Number(double value)
    {
        var text = value.ToString("R", CultureInfo.InvariantCulture);
        return pythonNumbers && !text.AsSpan().ContainsAny('.', 'E') ? text + ".0" : text;
    }

    public override string ToString() => _text.ToString();
}
