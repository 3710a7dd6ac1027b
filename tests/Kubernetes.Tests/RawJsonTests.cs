using System.Text.Json;
using Xunit;

namespace LlmOps.Kubernetes.Tests;

public sealed class RawJsonTests
{
    private const string Data = """{"nested":{"list":[1,2.50,"größer \u00e9",null,true]},"number":12345678901234567890}""";

    [Theory]
    [InlineData(Data)]
    [InlineData("\"text\"")]
    [InlineData("[]")]
    [InlineData("17")]
    public void A_value_is_written_as_it_was_read_to_the_byte(string data)
    {
        var revision = Read($$"""{"metadata":{"name":"a"},"data":{{data}},"revision":3}""");
        Assert.Contains($"\"data\":{data}", JsonSerializer.Serialize(revision, KubernetesJson.Default.ControllerRevision), StringComparison.Ordinal);
        Assert.Equal(3, revision.Revision);
    }

    [Fact]
    public void A_value_is_parsed_when_it_is_asked_for()
    {
        var data = Read($$"""{"metadata":{"name":"a"},"data":{{Data}}}""").Data!;
        Assert.Equal("größer é", data.Parse().GetProperty("nested").GetProperty("list")[2].GetString());
        Assert.Equal("m", RawJson.Of(JsonElement.Parse("""{"metadata":{"name":"m"}}""")).Read(KubernetesJson.Default.ConfigMap)?.Metadata.Name);
        Assert.Throws<JsonException>(() => Read("""{"metadata":{"name":"a"},"data":[1]}""").Data!.Read(KubernetesJson.Default.ConfigMap));
    }

    [Theory]
    [InlineData("""{"metadata":{"name":"a"}}""")]
    [InlineData("""{"metadata":{"name":"a"},"data":null}""")]
    public void What_is_not_there_stays_away(string json)
    {
        var revision = Read(json);
        Assert.Null(revision.Data);
        Assert.DoesNotContain("data\":", JsonSerializer.Serialize(revision, KubernetesJson.Default.ControllerRevision).Replace("\"metadata\":", string.Empty, StringComparison.Ordinal), StringComparison.Ordinal);
    }

    /// <summary>The bytes that it was read from are used again for the next page or event.</summary>
    [Fact]
    public void A_value_keeps_bytes_of_its_own()
    {
        var json = """{"metadata":{"name":"a"},"data":{"k":"kept"}}"""u8.ToArray();
        var revision = JsonSerializer.Deserialize(json, KubernetesJson.Default.ControllerRevision)!;
        Array.Clear(json);
        Assert.Equal("kept", revision.Data!.Parse().GetProperty("k").GetString());
    }

    [Fact]
    public void A_long_value_is_shorter_compressed_and_the_same_to_the_byte()
    {
        var data = $$"""{"rows":[{{string.Join(',', Enumerable.Range(0, 100).Select(i => $$"""{"name":"row-{{i}}","größer":{{i}}.50}"""))}}]}""";
        var plain = Read($$"""{"metadata":{"name":"a"},"data":{{data}}}""");
        var packed = plain with { Data = plain.Data!.Packed() };
        Assert.InRange(packed.Data!.Size, 1, plain.Data.Size / 3);
        Assert.Equal(JsonSerializer.Serialize(plain, KubernetesJson.Default.ControllerRevision), JsonSerializer.Serialize(packed, KubernetesJson.Default.ControllerRevision));
        Assert.Equal("row-99", packed.Data.Parse().GetProperty("rows")[99].GetProperty("name").GetString());
        Assert.Same(packed.Data, packed.Data.Packed());
    }

    [Fact]
    public void A_value_that_would_be_longer_compressed_is_left_as_it_is()
    {
        var data = Read("""{"metadata":{"name":"a"},"data":17}""").Data!;
        Assert.Same(data, data.Packed());
    }

    private static ControllerRevision Read(string json) => JsonSerializer.Deserialize(json, KubernetesJson.Default.ControllerRevision)!;
}
