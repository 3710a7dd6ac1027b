using System.Buffers;

namespace LlmOps.Gateway.Prompts;

/// <summary>A growing buffer from the array pool. After <see cref="Abandon"/> its array is left to the garbage collector, for when a cancelled send may still read it.</summary>
internal sealed class PooledBuffer : IBufferWriter<byte>, IDisposable
{
    private byte[] array;
    private int length;

    public PooledBuffer(int capacity) => array = ArrayPool<byte>.Shared.Rent(Math.Max(capacity, 256));

    public int Length => length;

    public ReadOnlyMemory<byte> Memory => array.AsMemory(0, length);

    public ReadOnlySpan<byte> Span => array.AsSpan(0, length);

    public void Advance(int count) => length += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return array.AsMemory(length);
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(sizeHint);
        return array.AsSpan(length);
    }

    public void Write(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(GetSpan(bytes.Length));
        length += bytes.Length;
    }

    /// <summary>Forgets the first bytes and moves the rest to the front.</summary>
    public void Consume(int count)
    {
        array.AsSpan(count, length - count).CopyTo(array);
        length -= count;
    }

    /// <summary>Cuts a range out of the middle.</summary>
    public void Cut(int start, int end)
    {
        array.AsSpan(end, length - end).CopyTo(array.AsSpan(start));
        length -= end - start;
    }

    public void Clear() => length = 0;

    /// <summary>Lets go of the array without giving it back to the pool.</summary>
    public void Abandon()
    {
        array = [];
        length = 0;
    }

    public void Dispose()
    {
        if (array.Length > 0)
            ArrayPool<byte>.Shared.Return(array);
        Abandon();
    }

    private void Reserve(int size)
    {
        size = Math.Max(size, 1);
        if (array.Length - length >= size)
            return;
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(array.Length * 2, length + size));
        array.AsSpan(0, length).CopyTo(larger);
        if (array.Length > 0)
            ArrayPool<byte>.Shared.Return(array);
        array = larger;
    }
}
