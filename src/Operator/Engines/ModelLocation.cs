namespace LlmOps.Operator.Engines;

/// <summary>A parsed <c>spec.model.source</c>.</summary>
/// <param name="Scheme"><c>hf</c>, <c>s3</c>, <c>gs</c>, <c>pvc</c> or <c>https</c>.</param>
/// <param name="Rest">What follows <c>://</c>.</param>
internal readonly record struct ModelLocation(string Scheme, string Rest)
{
    /// <summary>Where the claim of a <c>pvc://</c> source is mounted.</summary>
    public const string MountPath = "/models";

    public static ModelLocation Parse(string source)
    {
        var separator = source.IndexOf("://", StringComparison.Ordinal);
        return separator < 0 ? new(string.Empty, source) : new(source[..separator], source[(separator + 3)..]);
    }

    /// <summary>Name of the claim of a <c>pvc://claim/path</c> source; null for others.</summary>
    public string? ClaimName => Scheme != "pvc" ? null : Rest.Split('/', 2)[0];

    /// <summary>Path in the container of a <c>pvc://claim/path</c> source.</summary>
    public string MountedPath => Rest.Split('/', 2) is [_, { Length: > 0 } path] ? $"{MountPath}/{path}" : MountPath;

    public override string ToString() => $"{Scheme}://{Rest}";
}
