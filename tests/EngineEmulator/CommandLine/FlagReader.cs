namespace LlmOps.EngineEmulator.CommandLine;

/// <summary>How many values a flag takes.</summary>
internal enum FlagArity
{
    /// <summary>A switch; <c>--no-x</c> turns it off.</summary>
    None,
    One,

    /// <summary>One or more, up to the next flag.</summary>
    Many,

    /// <summary>A switch that may be followed by <c>true</c> or <c>false</c>.</summary>
    Optional,
}

/// <summary>
/// Reads a command line against the table of flags that an engine knows: those the emulator does not use are accepted, those
/// the engine does not know are refused. <c>--a-b</c> and <c>--a_b</c>, <c>--a b</c> and <c>--a=b</c> are the same.
/// </summary>
internal static class FlagReader
{
    public static (IReadOnlyList<string> Positional, IReadOnlyDictionary<string, IReadOnlyList<string>> Flags) Read(
        IReadOnlyList<string> arguments, IReadOnlyDictionary<string, FlagArity> known)
    {
        var positional = new List<string>();
        var flags = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        var unknown = new List<string>();
        for (var i = 0; i < arguments.Count; i++)
        {
            if (!IsFlag(arguments[i]))
            {
                positional.Add(arguments[i]);
                continue;
            }

            var (name, inline) = Split(arguments[i]);
            if (Find(known, name) is not { } arity)
            {
                unknown.Add(arguments[i]);
                continue;
            }

            flags[name] = inline is null ? Values(arguments, ref i, arity, name) : [inline];
        }

        return unknown.Count == 0
            ? (positional, flags)
            : throw new CommandLineException($"unrecognized arguments: {string.Join(' ', unknown)}");
    }

    private static List<string> Values(IReadOnlyList<string> arguments, ref int i, FlagArity arity, string name)
    {
        var most = arity switch
        {
            FlagArity.One => 1,
            FlagArity.Many => int.MaxValue,
            FlagArity.Optional when i + 1 < arguments.Count && arguments[i + 1] is "true" or "false" => 1,
            _ => 0,
        };
        var values = new List<string>();
        while (values.Count < most && i + 1 < arguments.Count && !IsFlag(arguments[i + 1]))
            values.Add(arguments[++i]);
        return arity is FlagArity.One or FlagArity.Many && values.Count == 0
            ? throw new CommandLineException($"argument {name}: expected {(arity == FlagArity.One ? "one argument" : "at least one argument")}")
            : values;
    }

    private static FlagArity? Find(IReadOnlyDictionary<string, FlagArity> known, string name)
    {
        if (known.TryGetValue(name, out var arity))
            return arity;

        // vLLM: --no-x for switches, and dotted keys of JSON-valued flags (--compilation-config.level 3).
        if (name.StartsWith("--no-", StringComparison.Ordinal) && known.TryGetValue("--" + name[5..], out var negated) && negated == FlagArity.None)
            return FlagArity.None;
        var dot = name.IndexOf('.', StringComparison.Ordinal);
        return dot > 0 && known.ContainsKey(name[..dot]) ? FlagArity.One : null;
    }

    private static (string Name, string? Inline) Split(string argument)
    {
        var equals = argument.IndexOf('=', StringComparison.Ordinal);
        var name = equals < 0 ? argument : argument[..equals];
        return (name.Replace('_', '-'), equals < 0 ? null : argument[(equals + 1)..]);
    }

    /// <summary>A negative number is a value.</summary>
    private static bool IsFlag(string argument) =>
        argument.Length > 1 && argument[0] == '-' && !char.IsAsciiDigit(argument[1]) && argument[1] != '.';
}
