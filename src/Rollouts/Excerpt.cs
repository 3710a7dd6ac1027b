namespace LlmOps.Rollouts;

/// <summary>
/// Bounds text that comes from elsewhere: status fields have a longest length, and a status that is refused would stop everything. Never half a character: another one
/// would be stored in its place, and the state that is read would differ from the one that was decided.
/// </summary>
internal static class Excerpt
{
    public const int MaxLength = 1000;

    /// <summary>The text, or its beginning and an ellipsis, in at most <paramref name="most"/> UTF-16 units.</summary>
    /// <param name="most">2 or more.</param>
    public static string Of(string text, int most = MaxLength) =>
        text.Length <= most ? text : string.Concat(text.AsSpan(0, char.IsHighSurrogate(text[most - 2]) ? most - 2 : most - 1), "…");
}
