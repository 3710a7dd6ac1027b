using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using Xunit;

namespace LlmOps.Api.Tests;

public sealed class CanonicalJsonTests
{
    [Theory]
    [InlineData("""{"b":1,"a":2}""", """{"a":2,"b":1}""")]
    [InlineData("""{"a":null,"b":{"c":null}}""", """{"b":{}}""")]
    [InlineData("""[ null, 1 , [] ]""", "[null,1,[]]")]
    [InlineData("[1.0, 1e0, 10e-1, 0.30, 1e2, -0, -0.0]", "[1,1,1,0.3,100,0,0]")]
    [InlineData("[9007199254740993, 9223372036854775807]", "[9007199254740993,9223372036854775807]")]
    [InlineData("[1e-5, 0.000001, 1e-7, 1.5e-7, 1e30, 1.5e300, -2.5E-6]", "[0.00001,0.000001,1e-7,1.5e-7,1e+30,1.5e+300,-0.0000025]")]
    [InlineData("""["\u00e9\u20ac/\"\\\n\u0001\u2028<🙂"]""", "[\"é€/\\\"\\\\\\n\\u0001\u2028<🙂\"]")]
    [InlineData("[true,false,\"\"]", "[true,false,\"\"]")]
    public void Equal_values_have_one_form(string json, string canonical)
    {
        using var document = JsonDocument.Parse(json);
        Assert.Equal(canonical, Encoding.UTF8.GetString(CanonicalJson.Bytes(document.RootElement)));
        Assert.Equal(canonical, Encoding.UTF8.GetString(CanonicalJson.Bytes(JsonNode.Parse(json))));
    }

    // RFC 8785, section 3.2.3: members sort by UTF-16 code units, not by code points or culture.
    [Fact]
    public void Members_sort_as_rfc_8785_says()
    {
        using var document = JsonDocument.Parse("""{"\u20ac":1,"\r":2,"\ufb33":3,"1":4,"\ud83d\ude00":5,"\u0080":6,"\u00f6":7}""");
        Assert.Equal("{\"\\r\":2,\"1\":4,\"\u0080\":6,\"ö\":7,\"€\":1,\"😀\":5,\"\ufb33\":3}", Encoding.UTF8.GetString(CanonicalJson.Bytes(document.RootElement)));
    }

    [Theory]
    [InlineData("""{"a":1,"b":[2]}""", """{"a":1,"b":[2]}""", true)]
    [InlineData("""{"a":1,"b":[2]}""", """{"b":[2.0],"a":1,"c":null}""", true)]
    [InlineData("""{"a":1,"b":[2]}""", """{"a":1,"b":[3]}""", false)]
    [InlineData("""{"a":1}""", """{"a":1,"b":[2]}""", false)]
    public void Values_are_equal_where_their_form_is(string one, string other, bool areEqual) =>
        Assert.Equal(areEqual, CanonicalJson.AreEqual(JsonNode.Parse(one)!.AsObject(), JsonNode.Parse(other)!.AsObject(), (JsonTypeInfo<JsonObject>)JsonSerializerOptions.Default.GetTypeInfo(typeof(JsonObject))));

    [Fact]
    public void Hash_is_sha256_in_lower_case_hexadecimal() =>
        Assert.Equal("44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a", CanonicalJson.Hash(new JsonObject()));
}
