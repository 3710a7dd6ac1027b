using System.Collections.Concurrent;
using LlmOps.Kubernetes;

namespace LlmOps.Operator.Gathering;

/// <summary>
/// What the server made of objects that were applied, where that is not what was asked for: somebody's admission webhook writes another registry into an image or
/// adds a container, and does it again however often it is asked. Holds fingerprints (<see cref="Applying.ObjectComparison.Fingerprint"/>), one for each such object
/// for as long as it is there.
/// </summary>
internal sealed class AnswerBook
{
    private readonly ConcurrentDictionary<ObjectKey, string> answers = new();

    /// <summary>Whether the server answered the same wish with just this.</summary>
    public bool Has(ObjectKey key, Func<string> fingerprint) => answers.TryGetValue(key, out var known) && known == fingerprint();

    public void Note(ObjectKey key, string fingerprint) => answers[key] = fingerprint;

    public void Forget(ObjectKey key) => answers.TryRemove(key, out _);
}
