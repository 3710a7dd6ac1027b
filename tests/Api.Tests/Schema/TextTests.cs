using System.Text.Json.Nodes;
using System.Xml.Linq;
using LlmOps.Kubernetes;
using LlmOps.Manifests.CustomResources;
using Xunit;

namespace LlmOps.Api.Tests.Schema;

public sealed class TextTests
{
    [Theory]
    [InlineData("plain\n    words", "plain words")]
    [InlineData("a <c>name: x</c> here", "a `name: x` here")]
    [InlineData("see <see cref=\"P:LlmOps.Api.DatasetSpec.InputVariable\"/>.", "see `inputVariable`.")]
    [InlineData("see <see cref=\"T:LlmOps.Api.Duration\"/>.", "see `Duration`.")]
    [InlineData("first\n<para>second &lt;x&gt;</para>", "first\nsecond <x>")]
    public void Markup_becomes_plain_text(string xml, string expected) =>
        Assert.Equal(expected, DocComments.PlainText(XElement.Parse($"<summary>{xml}</summary>")));

    [Theory]
    [InlineData("plain words, (and) more.", "plain words, (and) more.")]
    [InlineData("a: b", "'a: b'")]
    [InlineData("true", "'true'")]
    [InlineData("No", "'No'")]
    [InlineData("null", "'null'")]
    [InlineData("1.0", "'1.0'")]
    [InlineData("", "''")]
    [InlineData("it's #1", "'it''s #1'")]
    [InlineData("{a}", "'{a}'")]
    [InlineData("ends: ", "'ends: '")]
    [InlineData("http://x", "http://x")]
    [InlineData("two\nlines", "|-\n  two\n  lines")]
    public void Text_is_quoted_only_where_it_must_be(string text, string written)
    {
        var yaml = YamlText.Write("# head\n", new JsonObject { ["a"] = text });
        Assert.Equal($"# head\n---\na: {written}\n", yaml);
        Assert.Equal(text, YamlJson.Documents(yaml).Single()["a"]!.GetValue<string>());
    }
}
