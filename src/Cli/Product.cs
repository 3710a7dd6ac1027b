using System.Reflection;

namespace LlmOps.Cli;

/// <summary>What this program is.</summary>
internal static class Product
{
    /// <summary>Version of the product, such as <c>0.1.0</c>.</summary>
    public static string Version { get; } = typeof(Product).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "unknown";
}
