using System.Net.Http.Headers;
using System.Text;

namespace LlmOps.Kubernetes;

/// <summary>A bearer token that a Secret holds, or why there is none. Two readings of the same token are equal.</summary>
public sealed class SecretToken : IEquatable<SecretToken>
{
    private readonly string? text;

    private SecretToken(string? text, string? problem) => (this.text, Problem) = (text, problem);

    /// <summary>Why there is no token, as a clause such as <c>Secret default/keys does not exist</c>; null where there is one.</summary>
    public string? Problem { get; }

    /// <summary>The header with the token.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public AuthenticationHeaderValue Header => new("Bearer", text ?? throw new InvalidOperationException(Problem));

    /// <summary>Adds the token to the headers of a request: <c>name: scheme token</c>, or without a scheme <c>name: token</c>.</summary>
    /// <returns>False where no request can carry a header of this name.</returns>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public bool AddTo(HttpRequestHeaders headers, string name, string? scheme)
    {
        var value = text ?? throw new InvalidOperationException(Problem);
        return headers.TryAddWithoutValidation(name, scheme is null ? value : $"{scheme} {value}");
    }

    /// <summary>Whether an answer repeats the token, as those of proxies do that want to help. Nobody is to quote it then.</summary>
    public bool IsIn(ReadOnlySpan<byte> answer) => text is not null && answer.IndexOf(Encoding.UTF8.GetBytes(text)) >= 0;

    /// <summary>The token that was read, where a header can carry it: visible ASCII characters and nothing else.</summary>
    /// <param name="where">Names the place of the token in <see cref="Problem"/>.</param>
    public static SecretToken Of(string? text, string where)
    {
        if (string.IsNullOrEmpty(text))
            return None($"{where} is empty");
        return text.All(static character => char.IsBetween(character, '!', '~'))
            ? new(text, null)
            : None($"{where} has characters that an Authorization header cannot carry, such as a line break at its end: write visible ASCII characters alone");
    }

    public static SecretToken None(string problem) => new(null, problem);

    public bool Equals(SecretToken? other) => other is not null && text == other.text && Problem == other.Problem;

    public override bool Equals(object? obj) => Equals(obj as SecretToken);

    public override int GetHashCode() => HashCode.Combine(text, Problem);

    /// <summary>Never the token itself: this ends up in logs.</summary>
    public override string ToString() => Problem ?? "token from a Secret";
}
