using Xunit;
using YamlDotNet.Serialization;
using YamlDotNet.Serialization.NamingConventions;

namespace LlmOps.Rollouts.Tests.Timelines;

public sealed class TimelineTests
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "Timelines");

    public static TheoryData<string> Stories => new(Directory.GetFiles(Folder, "*.yaml").Select(file => Path.GetFileNameWithoutExtension(file)).Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Stories))]
    public void Every_decision_of_the_story_is_as_written(string story)
    {
        var deserializer = new DeserializerBuilder().WithNamingConvention(CamelCaseNamingConvention.Instance).Build();
        var timeline = deserializer.Deserialize<Timeline>(File.ReadAllText(Path.Combine(Folder, $"{story}.yaml")));
        Assert.NotEmpty(timeline.Decisions);
        TimelineRunner.Run(timeline);
    }
}
