using System.Text.Json;
using LlmOps.Operator.Gathering.Checks;
using Xunit;

namespace LlmOps.Operator.Tests.Gathering.Checks;

public sealed class JsonPointerTests
{
    /// <summary>The document of RFC 6901, section 5.</summary>
    private const string Rfc = """{"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,"i\\j":5,"k\"l":6," ":7,"m~n":8,"~1":9}""";

    [Theory]
    [InlineData("", Rfc)]
    [InlineData("/foo", """["bar","baz"]""")]
    [InlineData("/foo/0", "\"bar\"")]
    [InlineData("/", "0")]
    [InlineData("/a~1b", "1")]
    [InlineData("/c%d", "2")]
    [InlineData("/e^f", "3")]
    [InlineData("/g|h", "4")]
    [InlineData("/i\\j", "5")]
    [InlineData("/k\"l", "6")]
    [InlineData("/ ", "7")]
    [InlineData("/m~0n", "8")]
    [InlineData("/~01", "9")]
    [InlineData("/foo/1", "\"baz\"")]
    [InlineData("/foo/2", null)]
    [InlineData("/foo/-", null)]
    [InlineData("/foo/00", null)]
    [InlineData("/foo/01", null)]
    [InlineData("/foo/+1", null)]
    [InlineData("/foo/99999999999", null)]
    [InlineData("/foo/", null)]
    [InlineData("/foo/0/x", null)]
    [InlineData("/Foo", null)]
    [InlineData("foo", null)]
    public void A_pointer_leads_where_the_RFC_says(string pointer, string? found)
    {
        using var document = JsonDocument.Parse(Rfc);
        Assert.Equal(found, JsonPointer.Find(document.RootElement, pointer)?.GetRawText());
    }
}
