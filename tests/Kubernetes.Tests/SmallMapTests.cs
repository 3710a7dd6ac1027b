using System.Text.Json;
using Xunit;

namespace LlmOps.Kubernetes.Tests;

public sealed class SmallMapTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(SmallMap.Most)]
    [InlineData(SmallMap.Most + 1)]
    [InlineData(200)]
    public void A_map_of_any_size_is_read_as_it_was_written(int count)
    {
        var written = Enumerable.Range(0, count).ToDictionary(i => $"key-{i}", i => $"value-{i}");
        var read = Read(JsonSerializer.Serialize(new ConfigMap { Data = written }, KubernetesJson.Default.ConfigMap));
        Assert.Equal(written.OrderBy(pair => pair.Key, StringComparer.Ordinal), read.OrderBy(pair => pair.Key, StringComparer.Ordinal));
        Assert.Equal(count, read.Count);
        Assert.Equal(written.Keys.Order(StringComparer.Ordinal), read.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(written.Values.Order(StringComparer.Ordinal), read.Values.Order(StringComparer.Ordinal));
        Assert.All(written, pair => Assert.Equal(pair.Value, read[pair.Key]));
        Assert.All(written, pair => Assert.True(read.ContainsKey(pair.Key)));
        Assert.False(read.TryGetValue("Key-0", out var none));
        Assert.Null(none);
        Assert.Throws<KeyNotFoundException>(() => read["key"]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(SmallMap.Most)]
    [InlineData(SmallMap.Most + 1)]
    public void Of_a_key_that_is_there_twice_the_last_value_counts(int count)
    {
        var keys = Enumerable.Range(0, count).Select(i => $"\"key-{i}\":\"first\"");
        var read = Read($"{{\"data\":{{{string.Join(',', keys)},\"key-0\":\"last\"}}}}");
        Assert.Equal("last", read["key-0"]);
        Assert.Equal(count, read.Count);
    }

    [Theory]
    [InlineData("""{"data":[]}""")]
    [InlineData("""{"data":"a"}""")]
    [InlineData("""{"data":{"a":7}}""")]
    [InlineData("""{"data":{"a":{"b":"c"}}}""")]
    public void What_is_no_map_of_texts_is_refused_with_its_place(string json) => Assert.Equal("$.data", Assert.Throws<JsonException>(() => Read(json)).Path![..6]);

    [Fact]
    public void Two_maps_that_are_read_one_in_the_other_are_not_mixed_up()
    {
        var pod = JsonSerializer.Deserialize("""{"metadata":{"labels":{"a":"1"},"annotations":{"b":"2"}},"spec":{"containers":[],"nodeSelector":{"c":"3"}}}""", KubernetesJson.Default.Pod)!;
        Assert.Equal(("1", "2", "3"), (pod.Metadata.Labels!["a"], pod.Metadata.Annotations!["b"], pod.Spec!.NodeSelector!["c"]));
    }

    private static IReadOnlyDictionary<string, string> Read(string json) => JsonSerializer.Deserialize(json, KubernetesJson.Default.ConfigMap)!.Data!;
}
