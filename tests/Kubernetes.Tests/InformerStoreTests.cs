using Xunit;

namespace LlmOps.Kubernetes.Tests;

public sealed class InformerStoreTests
{
    private static ConfigMap Map(string name, string? owner = null) => new()
    {
        Metadata = new ObjectMeta { Namespace = "ns", Name = name, Labels = owner is null ? null : new Dictionary<string, string> { ["owner"] = owner } },
    };

    private static InformerStore<ConfigMap> ByOwner()
    {
        var store = new InformerStore<ConfigMap>();
        store.AddIndex("owner", m => m.Metadata.Labels is { } labels ? [labels["owner"]] : []);
        return store;
    }

    private static string[] Names(InformerStore<ConfigMap> store, string owner) =>
        [.. store.ListByIndex("owner", owner).Select(m => m.Metadata.Name!).Order()];

    [Fact]
    public void An_index_follows_an_object_that_changes_sides()
    {
        var store = ByOwner();
        store.Set(Map("a", "x"));
        store.Set(Map("b", "x"));
        store.Set(Map("a", "y"));

        Assert.Equal(["b"], Names(store, "x"));
        Assert.Equal(["a"], Names(store, "y"));
    }

    [Fact]
    public void An_index_forgets_what_was_removed_and_what_lost_its_value()
    {
        var store = ByOwner();
        store.Set(Map("a", "x"));
        store.Set(Map("b", "x"));
        store.Remove(new ObjectKey("ns", "a"));
        store.Set(Map("b"));

        Assert.Empty(Names(store, "x"));
        Assert.Equal(1, store.Count);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    [InlineData(9)]
    [InlineData(30)]
    public void An_index_holds_any_number_under_a_value_and_each_once(int count)
    {
        var store = ByOwner();
        for (var i = 0; i < count; i++)
            store.Set(Map($"m{i:00}", "x"));
        for (var i = 0; i < count; i++)
            store.Set(Map($"m{i:00}", "x") with { Data = new Dictionary<string, string> { ["version"] = "2" } });
        var before = store.ListByIndex("owner", "x");
        Assert.Equal(Enumerable.Range(0, count).Select(i => $"m{i:00}"), Names(store, "x"));
        Assert.All(before, map => Assert.Equal("2", map.Data!["version"]));

        for (var i = count - 1; i >= 0; i--)
        {
            store.Remove(new ObjectKey("ns", $"m{i:00}"));
            Assert.Equal(Enumerable.Range(0, i).Select(left => $"m{left:00}"), Names(store, "x"));
        }

        // What was read is not what is kept.
        Assert.Equal(count, before.Count);
    }

    [Fact]
    public void An_index_is_swapped_with_the_objects()
    {
        var store = ByOwner();
        store.Set(Map("a", "x"));
        var before = store.Swap([Map("b", "x"), Map("c", "z")]);

        Assert.Equal("a", Assert.Single(before).Metadata.Name);
        Assert.Equal(["b"], Names(store, "x"));
        Assert.Equal(["c"], Names(store, "z"));
        Assert.Null(store.Get(new ObjectKey("ns", "a")));
    }

    [Fact]
    public void An_unknown_index_is_an_error_and_not_an_empty_list() =>
        Assert.Throws<ArgumentException>(() => new InformerStore<ConfigMap>().ListByIndex("owner", "x"));

    [Fact]
    public void An_index_cannot_be_added_late()
    {
        var store = ByOwner();
        store.Set(Map("a", "x"));
        Assert.Throws<InvalidOperationException>(() => store.AddIndex("late", _ => []));
    }
}
