using System.Text.Json;
using Xunit;

namespace LlmOps.Kubernetes.Tests;

public sealed class SharedOwnersTests
{
    [Fact]
    public void Objects_of_one_owner_share_it()
    {
        var (one, other) = (Read($"[{Owner("a", "1")}]"), Read($"[{Owner("a", "1")}]"));
        Assert.Same(one.Metadata.OwnerReferences, other.Metadata.OwnerReferences);
        Assert.Equal(new() { ApiVersion = "v1", Kind = "Thing", Name = "a", Uid = "1", Controller = true }, one.Metadata.OwnerReferences!.Single());
    }

    /// <summary>Each differs in one thing, and some have the same hash.</summary>
    [Fact]
    public void Owners_that_differ_are_not_mistaken_for_each_other()
    {
        for (var i = 0; i < 40_000; i++)
            Assert.Equal(($"n{i % 3}", $"{i / 2}"), (Read($"[{Owner($"n{i % 3}", $"{i / 2}")}]").Metadata.OwnerReferences!.Single().Name, Read($"[{Owner($"n{i % 3}", $"{i / 2}")}]").Metadata.OwnerReferences!.Single().Uid));
    }

    [Fact]
    public void Several_owners_and_none_are_read_and_written_as_they_are()
    {
        foreach (var owners in new[] { "[]", $"[{Owner("a", "1")}]", $"[{Owner("a", "1")},{Owner("b", "2")}]" })
            Assert.Contains($"\"ownerReferences\":{owners}", JsonSerializer.Serialize(Read(owners), KubernetesJson.Default.ConfigMap), StringComparison.Ordinal);
        Assert.Null(Read("null").Metadata.OwnerReferences);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("7")]
    [InlineData("[null]")]
    [InlineData("[7]")]
    [InlineData("""[{"name":"a"}]""")]
    public void What_is_no_list_of_owners_is_refused(string owners) => Assert.Throws<JsonException>(() => Read(owners));

    private static string Owner(string name, string uid) => $$"""{"apiVersion":"v1","kind":"Thing","name":"{{name}}","uid":"{{uid}}","controller":true}""";

    private static ConfigMap Read(string owners) => JsonSerializer.Deserialize($$$"""{"metadata":{"name":"x","ownerReferences":{{{owners}}}}}""", KubernetesJson.Default.ConfigMap)!;
}
