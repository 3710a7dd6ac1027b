using System.Text.Json;
using Xunit;

namespace LlmOps.Api.Tests.Prompts;

public sealed class PromptContentTests
{
    private const string Base = """{"family":"f","version":"1.0.0","messages":[{"role":"user","template":"{{a}}"}],"variables":{"a":{}},"parameters":{"temperature":0.3}}""";

    [Theory]
    [InlineData("""{"family":"g","version":"2.0.0","parent":"p","author":"x","notes":"y","parameters":{"temperature":0.30},"variables":{"a":{}},"messages":[{"template":"{{a}}","role":"user"}]}""")]
    [InlineData("""{"family":"f","version":"1.0.0","messages":[{"role":"user","template":"{{a}}"}],"variables":{"a":{"type":"string","required":false,"default":"","trust":"trusted","description":"words"}},"parameters":{"temperature":0.3,"stop":[]}}""")]
    public void The_same_content_has_the_same_hash(string same) => Assert.Equal(Hash(Base), Hash(same));

    [Theory]
    [InlineData("""{"family":"f","version":"1.0.0","messages":[{"role":"user","template":"{{a}}."}],"variables":{"a":{}},"parameters":{"temperature":0.3}}""")]
    [InlineData("""{"family":"f","version":"1.0.0","messages":[{"role":"system","template":"{{a}}"}],"variables":{"a":{}},"parameters":{"temperature":0.3}}""")]
    [InlineData("""{"family":"f","version":"1.0.0","messages":[{"role":"user","template":"{{a}}"}],"variables":{"a":{"required":true}},"parameters":{"temperature":0.3}}""")]
    [InlineData("""{"family":"f","version":"1.0.0","messages":[{"role":"user","template":"{{a}}"}],"variables":{"a":{}},"parameters":{"temperature":0.4}}""")]
    [InlineData("""{"family":"f","version":"1.0.0","messages":[{"role":"user","template":"{{a}}"}],"variables":{"a":{}}}""")]
    public void Other_content_has_another_hash(string other) => Assert.NotEqual(Hash(Base), Hash(other));

    private static string Hash(string spec) => PromptContent.Hash(JsonSerializer.Deserialize(spec, ApiJson.Default.PromptVersionSpec)!);
}
