using LlmOps.Testing.ApiServer.Apply;
using LlmOps.Testing.ApiServer.Storage;

namespace LlmOps.Testing.ApiServer.Writes;

/// <summary>What a writing request says beside its body.</summary>
internal sealed record WriteOptions(string FieldManager, bool DryRun, bool StrictFields)
{
    public FieldManager Updating(string? subresource) => new(FieldManager, IsApply: false, subresource);

    public FieldManager Applying(string? subresource) => new(FieldManager, IsApply: true, subresource);
}

/// <summary>What a write came to. <paramref name="Changed"/> is false when the object was already as asked: nothing was stored then.</summary>
internal sealed record WriteResult(StoredObject Object, bool Changed, bool Created = false, bool Removed = false);
