using System.Text.RegularExpressions;

namespace LlmOps.Api;

/// <summary>
/// Hides what is likely to be a secret that somebody wrote into a manifest instead of a Secret: values of environment variables and of engine arguments whose name
/// says so. All that is told of releases (status, records, the plugin) goes through here.
/// </summary>
public static partial class LikelySecrets
{
    /// <summary>What stands in the place of a value.</summary>
    public const string Hidden = "(not shown)";

    /// <summary>The release with nothing secret in it: the same fields, arguments and variables, in the same order.</summary>
    public static ReleaseSnapshot Hide(ReleaseSnapshot snapshot) => snapshot with
    {
        Engine = snapshot.Engine with
        {
            ExtraArgs = snapshot.Engine.ExtraArgs is { } arguments ? [.. Hide(arguments)] : null,
            Env = snapshot.Engine.Env?.Select(variable => variable.Value is not null && Names(variable.Name) ? variable with { Value = Hidden } : variable).ToArray(),
        },
    };

    /// <summary>
    /// Arguments in both styles, <c>--api-key=x</c> and <c>--api-key x</c>. The word after such a name is its value, and so are further ones up to the next option: an
    /// engine may take several keys.
    /// </summary>
    private static IEnumerable<string> Hide(IReadOnlyList<string> arguments)
    {
        var (named, given) = (false, false);
        foreach (var argument in arguments)
        {
            var isOption = argument.StartsWith(given ? "-" : "--", StringComparison.Ordinal) || !named && argument.StartsWith('-');
            if (!isOption)
            {
                given = named;
                yield return named ? Hidden : argument;
                continue;
            }

            var option = Option().Match(argument);
            named = Names(option.Groups["name"].Value);
            given = option.Groups["value"].Success;
            yield return named && given ? option.Groups["upToValue"].Value + Hidden : argument;
        }
    }

    private static bool Names(string name) => SecretName().IsMatch(name);

    [GeneratedRegex(@"^(?<upToValue>(?<name>-[^=\s]*)[=\s]\s*)(?<value>.+)\z|^(?<name>.*)\z", RegexOptions.Singleline | RegexOptions.CultureInvariant)]
    private static partial Regex Option();

    /// <summary>Ends of names: HF_TOKEN, OPENAI_APIKEY, --secret-access-key, --ngrok-authtoken, llama.cpp's -hft. Headers carry keys as well.</summary>
    [GeneratedRegex(@"(keys?|token|secrets?|passwords?|passwd|passphrase|[-_]pass|credentials?|headers?|^-hft)\z", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex SecretName();
}
