using System.Text.Json;
using Xunit;

namespace LlmOps.Kubernetes.Tests;

public sealed class LastWriterTests
{
    private const string Fields = """
        "fieldsType":"FieldsV1","fieldsV1":{"f:data":{".":{},"f:manager":{},"k:{\"name\":\"time\"}":{}}}
        """;

    [Fact]
    public void The_last_one_who_wrote_the_object_itself_counts()
    {
        var obj = Read($"[{Entry("kubectl", "Update", 1)},{Entry("argocd-controller", "Apply", 3)},{Entry("helm", "Update", 2)},{Entry("llmops", "Apply", 9, "status")},{Entry("hpa", "Update", 8, "scale")}]");
        Assert.Equal("argocd-controller (Apply)", obj.Metadata.LastWriter);
        Assert.Equal("b", obj.Metadata.Uid);
    }

    [Fact]
    public void Of_two_in_one_second_the_first_counts_and_an_empty_subresource_is_none() =>
        Assert.Equal("a (Apply)", Read($"[{Entry("a", "Apply", 1, string.Empty)},{Entry("b", "Apply", 1)}]").Metadata.LastWriter);

    [Theory]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("[{}]")]
    [InlineData("""[{"manager":"","operation":"Apply","time":"2026-01-01T00:00:01Z"}]""")]
    [InlineData("""[{"manager":7,"operation":{"a":[1]},"time":[],"subresource":null}]""")]
    [InlineData("""[{"manager":"a","operation":"Apply","time":"2026-01-01T00:00:01Z","subresource":"status"}]""")]
    public void Nobody_is_null(string entries) => Assert.Null(Read(entries).Metadata.LastWriter);

    [Fact]
    public void An_entry_without_a_time_counts_where_there_is_no_other() =>
        Assert.Equal("a (Apply)", Read("""[{"manager":"a","operation":"Apply"}]""").Metadata.LastWriter);

    [Fact]
    public void It_is_one_string_for_all_and_is_never_sent()
    {
        var (one, other) = (Read($"[{Entry("kubectl-client-side-apply", "Update", 1)}]"), Read($"[{Entry("kubectl-client-side-apply", "Update", 2)}]"));
        Assert.Same(one.Metadata.LastWriter, other.Metadata.LastWriter);
        var sent = JsonSerializer.Serialize(one, KubernetesJson.Default.ConfigMap);
        Assert.DoesNotContain("kubectl", sent, StringComparison.Ordinal);
        Assert.DoesNotContain("managedFields", sent, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("7")]
    [InlineData("[7]")]
    public void What_is_no_list_of_entries_is_refused(string entries) => Assert.Throws<JsonException>(() => Read(entries));

    private static string Entry(string manager, string operation, int second, string? subresource = null)
    {
        var at = subresource is null ? string.Empty : $",\"subresource\":\"{subresource}\"";
        return $$"""{"manager":"{{manager}}","operation":"{{operation}}","apiVersion":"v1","time":"2026-01-01T00:00:0{{second}}Z",{{Fields}}{{at}} }""";
    }

    private static ConfigMap Read(string entries) =>
        JsonSerializer.Deserialize($$"""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","managedFields":{{entries}},"uid":"b"} }""", KubernetesJson.Default.ConfigMap)!;
}
