using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Text;

namespace LlmOps.Kubernetes.Tests;

/// <summary>The body of a watch that a test writes line by line, ends, or breaks.</summary>
internal sealed class FakeWatch
{
    private readonly Pipe pipe = new();
    private bool broken;

    public HttpResponseMessage Response() => new(HttpStatusCode.OK) { Content = new StreamContent(new Body(this)) };

    public FakeWatch Raw(string text)
    {
        pipe.Writer.Write(Encoding.UTF8.GetBytes(text));
        pipe.Writer.FlushAsync().AsTask().GetAwaiter().GetResult();
        return this;
    }

    public FakeWatch Event(string type, string obj) => Raw($$"""{"type":"{{type}}","object":{{obj}}}""" + "\n");

    public FakeWatch Bookmark(int version) =>
        Event("BOOKMARK", $$$"""{"kind":"ConfigMap","apiVersion":"v1","metadata":{"resourceVersion":"{{{version}}}"}}""");

    /// <summary>The end of the events that a streamed list begins with.</summary>
    public FakeWatch InitialEnd(int version) =>
        Event("BOOKMARK", $$$$"""{"kind":"ConfigMap","apiVersion":"v1","metadata":{"resourceVersion":"{{{{version}}}}","annotations":{"k8s.io/initial-events-end":"true"}}}""");

    public FakeWatch Gone() =>
        Event("ERROR", """{"kind":"Status","apiVersion":"v1","status":"Failure","message":"too old resource version","reason":"Expired","code":410}""");

    /// <summary>The server ends the watch.</summary>
    public FakeWatch End()
    {
        pipe.Writer.Complete();
        return this;
    }

    /// <summary>The connection breaks after what was written.</summary>
    public FakeWatch Break()
    {
        broken = true;
        return End();
    }

    private sealed class Body(FakeWatch watch) : Stream
    {
        private readonly Stream inner = watch.pipe.Reader.AsStream();

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var read = await inner.ReadAsync(buffer, cancellationToken);
            return read == 0 && watch.broken ? throw new IOException("connection reset by peer") : read;
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
