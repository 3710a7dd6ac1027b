using System.Text.Json;
using System.Text.Json.Nodes;
using LlmOps.Api.Schema;
using LlmOps.Kubernetes;
using LlmOps.Manifests.CustomResources;
using Xunit;

namespace LlmOps.Api.Tests.Schema;

/// <summary>How each thing that a wire record can say looks in a schema.</summary>
public sealed class SchemaBuilderTests
{
    [Theory]
    [InlineData(nameof(Sample.Text), """{"description":"Text.","type":"string","minLength":1,"maxLength":9,"pattern":"^a$"}""")]
    [InlineData(nameof(Sample.Told), """{"type":"string","x-kubernetes-validations":[{"rule":"self.matches(r'^\\S$')","message":"write one letter"}]}""")]
    [InlineData(nameof(Sample.Choice), """{"type":"string","enum":["a","b"],"default":"a"}""")]
    [InlineData(nameof(Sample.Number), """{"type":"integer","format":"int32","minimum":1,"maximum":5,"default":3}""")]
    [InlineData(nameof(Sample.Long), """{"type":"integer","format":"int64"}""")]
    [InlineData(nameof(Sample.Real), """{"type":"number","format":"double","minimum":0,"exclusiveMinimum":true,"maximum":0.5}""")]
    [InlineData(nameof(Sample.Flag), """{"type":"boolean"}""")]
    [InlineData(nameof(Sample.Time), """{"type":"string","format":"date-time"}""")]
    [InlineData(nameof(Sample.Any), """{"type":"object","x-kubernetes-preserve-unknown-fields":true}""")]
    [InlineData(nameof(Sample.Port), """{"x-kubernetes-int-or-string":true}""")]
    [InlineData(nameof(Sample.Names), """{"type":"array","items":{"type":"string","enum":["x"]},"maxItems":4,"x-kubernetes-list-type":"set"}""")]
    [InlineData(nameof(Sample.Map), """{"type":"object","additionalProperties":{"type":"string"},"maxProperties":2}""")]
    [InlineData(nameof(Sample.Parts), """{"type":"array","items":{"description":"A part.","type":"object","required":["name"],"properties":{"name":{"type":"string"}},"x-kubernetes-validations":[{"rule":"self.name != ''","message":"give it a name","fieldPath":".name"}]},"x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["name"]}""")]
    public void Property_becomes_schema(string property, string expected)
    {
        var schema = new SchemaBuilder(new DocComments()).ForKind(typeof(Sample));
        var actual = schema["properties"]![JsonNamingPolicy.CamelCase.ConvertName(property)];
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), actual), actual!.ToJsonString());
    }

    [Fact]
    public void Fields_stand_in_the_order_of_the_source() =>
        Assert.Equal(["text", "told", "choice"], new SchemaBuilder(new DocComments()).ForKind(typeof(Sample))["properties"]!.AsObject().Take(3).Select(p => p.Key));

    public sealed record Sample
    {
        /// <summary>Text.</summary>
        [Size(Min = 1, Max = 9)]
        [TextPattern("^a$")]
        public string? Text { get; init; }

        [TextPattern("^\\S$", Message = "write one letter")]
        public string? Told { get; init; }

        [OneOf("a", "b")]
        [SchemaDefault("\"a\"")]
        public string? Choice { get; init; }

        [Bounds(Min = 1, Max = 5)]
        [SchemaDefault("3")]
        public int? Number { get; init; }

        public long Long { get; init; }

        [Bounds(Min = 0, ExclusiveMin = true, Max = 0.5)]
        public double? Real { get; init; }

        public bool? Flag { get; init; }

        public DateTimeOffset? Time { get; init; }

        [PreserveUnknownFields]
        public JsonElement? Any { get; init; }

        public IntOrString? Port { get; init; }

        [ListType("set")]
        [OneOf("x")]
        [Size(Max = 4)]
        public IReadOnlyList<string>? Names { get; init; }

        [Size(Max = 2)]
        public IReadOnlyDictionary<string, string>? Map { get; init; }

        [ListType("map", "name")]
        public IReadOnlyList<Part>? Parts { get; init; }
    }

    /// <summary>A part.</summary>
    [CelRule("self.name != ''", "give it a name", FieldPath = ".name")]
    public sealed record Part
    {
        public required string Name { get; init; }
    }
}
