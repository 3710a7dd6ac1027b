using System.Text.Json;
using Xunit;

namespace LlmOps.Kubernetes.Tests;

public sealed class InternedStringConverterTests
{
    [Fact]
    public void Equal_texts_of_two_objects_are_one_string()
    {
        var (one, other) = (Read("""{"metadata":{"name":"a","labels":{"app.example/part-of":"shop"}}}"""), Read("""{"metadata":{"name":"b","labels":{"app.example/part-of":"shop"}}}"""));
        Assert.Same(one.Metadata.Labels!.Single().Value, other.Metadata.Labels!.Single().Value);
        Assert.Same(one.Metadata.Labels!.Single().Key, other.Metadata.Labels!.Single().Key);
    }

    [Theory]
    [InlineData("plain")]
    [InlineData("")]
    [InlineData("größer – 模型 🦙")]
    [InlineData("a \"quoted\" \\ text\n\u0001")]
    public void Every_text_is_read_as_it_was_written(string text)
    {
        foreach (var written in new[] { text, text + new string('x', 300), new string('x', 255) + text })
        {
            var json = JsonSerializer.Serialize(new ConfigMap { Metadata = new() { Name = "a" }, Data = new Dictionary<string, string> { [$"k{written}"] = written } }, KubernetesJson.Default.ConfigMap);
            Assert.Equal((KeyValuePair<string, string>)new($"k{written}", written), Read(json).Data!.Single());
        }
    }

    /// <summary>More texts than the table has places, several times over, from several threads: each is still itself.</summary>
    [Fact]
    public void A_text_that_takes_the_place_of_another_is_not_mistaken_for_it() => Parallel.For(0, 8, thread =>
    {
        for (var i = 0; i < 20_000; i++)
            Assert.Equal($"text-{(i * 7) + thread}", Read($$$"""{"metadata":{"name":"text-{{{(i * 7) + thread}}}"}}""").Metadata.Name);
    });

    [Theory]
    [InlineData("""{"metadata":{"name":7}}""")]
    [InlineData("""{"metadata":{"name":{}}}""")]
    [InlineData("""{"metadata":{"name":true}}""")]
    public void What_is_no_text_is_refused(string json) => Assert.Throws<JsonException>(() => Read(json));

    [Fact]
    public void Null_stays_null() => Assert.Null(Read("""{"metadata":{"name":null}}""").Metadata.Name);

    private static ConfigMap Read(string json) => JsonSerializer.Deserialize(json, KubernetesJson.Default.ConfigMap)!;
}
