using System.Buffers;
using System.Text;
using Xunit;

namespace LlmOps.Kubernetes.Tests;

public sealed class DecodingTests
{
    private const string Good = """{"metadata":{"name":"a","namespace":"ns","resourceVersion":"7"},"data":{"k":"v"}}""";

    private static WatchEvent<ConfigMap> Decode(string line) =>
        WatchLine.Decode<ConfigMap>(new ReadOnlySequence<byte>(Encoding.UTF8.GetBytes(line)));

    [Theory]
    [InlineData("""{"type":"ADDED","object":""" + Good + "}")]
    [InlineData("""{"object":""" + Good + ""","later":[1,{"x":2}],"type":"ADDED"}""")]
    [InlineData(" {\"type\" : \"ADDED\", \"object\" : " + Good + " } \r")]
    public void A_watch_event_is_read_in_any_order_of_its_fields(string line)
    {
        var e = Decode(line);
        Assert.Equal((WatchEventType.Added, "7", new ObjectKey("ns", "a")), (e.Type, e.ResourceVersion, e.Key));
        Assert.Equal("v", e.Object!.Data!["k"]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("502 Bad Gateway")]
    [InlineData("""{"type":"ADDED"}""")]
    [InlineData("""{"type":"RENAMED","object":{}}""")]
    [InlineData("""{"type":1,"object":{}}""")]
    [InlineData("""{"type":"ADDED","object":5}""")]
    [InlineData("""{"type":"ADDED","object":""" + Good)]
    [InlineData("""{"type":"ADDED","object":""" + Good + "}{")]
    [InlineData("""{"type":"BOOKMARK","object":null}""")]
    public void A_line_that_is_no_event_is_told_as_such_and_never_throws(string line)
    {
        var e = Decode(line);
        Assert.Equal(WatchEventType.Unknown, e.Type);
        Assert.NotNull(e.DecodeError);
    }

    [Theory]
    [InlineData("""{"metadata":{"name":"a","namespace":"ns","resourceVersion":"7"},"data":5}""")]
    [InlineData("""{"metadata":{"name":"a","namespace":"ns","resourceVersion":"7","creationTimestamp":"yesterday"}}""")]
    [InlineData("""{"metadata":{"name":"a","namespace":"ns","resourceVersion":"7","labels":{"a":[]}}}""")]
    public void An_object_that_cannot_be_decoded_keeps_its_key_and_version(string obj)
    {
        var e = Decode($$"""{"type":"MODIFIED","object":{{obj}}}""");
        Assert.Equal((WatchEventType.Modified, "7", new ObjectKey("ns", "a")), (e.Type, e.ResourceVersion, e.Key));
        Assert.Null(e.Object);
        Assert.NotNull(e.DecodeError);
    }

    [Fact]
    public void A_line_in_pieces_is_read_as_one_in_a_piece()
    {
        var bytes = Encoding.UTF8.GetBytes("""{"type":"DELETED","object":""" + Good + "}");
        var first = new Segment(bytes.AsMemory(0, 20), 0);
        var last = first.Append(bytes.AsMemory(20));
        var e = WatchLine.Decode<ConfigMap>(new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length));
        Assert.Equal((WatchEventType.Deleted, "a"), (e.Type, e.Object!.Metadata.Name));
    }

    [Fact]
    public void A_list_keeps_what_can_be_decoded_and_names_the_rest()
    {
        var page = ListPage<ConfigMap>.Decode(Encoding.UTF8.GetBytes(
            $$$"""{"items":[{{{Good}}},{"metadata":{"name":"bad"},"data":1},5,{"data":{}},{"metadata":{"name":"b"}}],"metadata":{"resourceVersion":"9","continue":"c"},"x":{}}"""));
        Assert.Equal(["a", "b"], page.Items.Select(i => i.Metadata.Name));
        Assert.Equal(["bad", "", ""], page.Undecodable.Select(u => u.Key.Name));
        Assert.Equal(("9", "c"), (page.Metadata.ResourceVersion, page.Metadata.Continue));
    }

    [Fact]
    public void An_empty_list_may_be_null() =>
        Assert.Empty(ListPage<ConfigMap>.Decode("""{"metadata":{},"items":null}"""u8).Items);

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory, long start) => (Memory, RunningIndex) = (memory, start);

        public Segment Append(ReadOnlyMemory<byte> memory)
        {
            var next = new Segment(memory, RunningIndex + Memory.Length);
            Next = next;
            return next;
        }
    }

    /// <summary>The API server takes ten thousand levels. Nobody else is to suffer from it.</summary>
    [Theory]
    [InlineData(100)]
    [InlineData(9_900)]
    public void An_object_that_is_too_deep_is_skipped_and_those_beside_it_are_read(int depth)
    {
        var deep = """{"metadata":{"name":"deep","namespace":"ns","resourceVersion":"8"},"data":{"k":""" + new string('[', depth) + new string(']', depth) + "}}";
        var e = Decode("""{"type":"ADDED","object":""" + deep + "}");
        Assert.Equal((WatchEventType.Added, new ObjectKey("ns", "deep"), "8"), (e.Type, e.Key, e.ResourceVersion));
        Assert.NotNull(e.DecodeError);

        var page = ListPage<ConfigMap>.Decode(Encoding.UTF8.GetBytes($$"""{"metadata":{"resourceVersion":"9"},"items":[{{deep}},{{Good}}]}"""));
        Assert.Equal("a", Assert.Single(page.Items).Metadata.Name);
        Assert.Equal(new ObjectKey("ns", "deep"), Assert.Single(page.Undecodable).Key);
    }
}
