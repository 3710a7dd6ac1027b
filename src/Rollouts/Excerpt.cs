namespace LlmOps.Rollouts;

/// <summary>Bounds text that comes from elsewhere: status fields have a longest length, and a status that is refused would stop everything.</summary>
internal static class Excerpt
{
    public const int MaxLength = 1000;

    public static string Of(string text) => text.Length <= MaxLength ? text : text[..(MaxLength - 1)] + "…";
}
