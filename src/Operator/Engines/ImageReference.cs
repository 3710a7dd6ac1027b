using System.Globalization;

namespace LlmOps.Operator.Engines;

/// <summary>Reads versions off image tags.</summary>
internal static class ImageReference
{
    /// <summary>
    /// Version in the tag, such as 0.18.1 of <c>vllm/vllm-openai:v0.18.1</c>; null where there is no tag or it does not start with a version
    /// (a digest, <c>latest</c>, a build of one's own). Then nothing may be assumed about what the engine understands.
    /// </summary>
    public static Version? TagVersion(string image)
    {
        var name = image.Split('@')[0];
        var colon = name.LastIndexOf(':');
        if (colon < name.LastIndexOf('/') || colon < 0)
            return null;
        var tag = name.AsSpan(colon + 1).TrimStart('v');
        Span<int> numbers = stackalloc int[3];
        var count = 0;
        foreach (var range in tag.Split('.'))
        {
            var part = tag[range];
            var digits = part.IndexOfAnyExceptInRange('0', '9') is var end and >= 0 ? part[..end] : part;
            if (count == 3 || !int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out numbers[count]))
                break;
            count++;
            if (digits.Length < part.Length)
                break;
        }

        return count < 2 ? null : new Version(numbers[0], numbers[1], numbers[2]);
    }
}
