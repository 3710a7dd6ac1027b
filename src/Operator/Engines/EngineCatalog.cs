namespace LlmOps.Operator.Engines;

/// <summary>The engines by type. An unknown type has no entry: it becomes a condition, never a default.</summary>
internal static class EngineCatalog
{
    private static readonly Dictionary<string, IEngine> Engines = new IEngine[]
    {
        new VLlm(),
        new Tgi(),
        new LlamaCpp(),
    }.ToDictionary(engine => engine.Type, StringComparer.Ordinal);

    /// <summary>The engine of a type, or null.</summary>
    public static IEngine? Find(string type) => Engines.GetValueOrDefault(type);

    /// <summary>All types, for messages.</summary>
    public static string Types => string.Join(", ", Engines.Keys.Order(StringComparer.Ordinal));
}
