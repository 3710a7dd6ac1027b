using System.Text.Json;
using System.Text.Json.Serialization;
using LlmOps.EngineEmulator.Catalog;
using LlmOps.EngineEmulator.Generation;

namespace LlmOps.EngineEmulator.Answers;

/// <summary>Reads a JSONL file of answers in one of its two shapes (see <see cref="AnswerProfile"/>).</summary>
internal static class AnswerFile
{
    /// <exception cref="InvalidDataException">A line is not of the shape asked for; the message has its number.</exception>
    public static IAnswerSource Load(AnswerProfile profile, string modelId)
    {
        var lines = Read(profile.File);
        return profile.By is { } by
            ? new RecordedAnswers([.. lines.Select(line => (line.Value.Question ?? throw Broken(line, "question"),
                line.Value.Answers?.GetValueOrDefault(by) ?? throw Broken(line, $"answers.{by}")))])
            : new DerivedAnswers(
                [.. lines.Select(line => new SupportCase(
                    line.Value.Vars?.Query ?? throw Broken(line, "vars.query"),
                    line.Value.Expected?.Text ?? throw Broken(line, "expected.text")))],
                profile.Accuracy,
                profile.Style,
                profile.Seed ?? StableHash.Of(modelId));

        InvalidDataException Broken((int Number, AnswerLine Value) line, string field) =>
            new($"{profile.File}:{line.Number}: no {field}");
    }

    private static List<(int Number, AnswerLine Value)> Read(string path)
    {
        var lines = new List<(int, AnswerLine)>();
        var number = 0;
        foreach (var line in File.ReadLines(path))
        {
            number++;
            if (string.IsNullOrWhiteSpace(line))
                continue;
            try
            {
                lines.Add((number, JsonSerializer.Deserialize(line, AnswerJson.Default.AnswerLine)!));
            }
            catch (JsonException e)
            {
                throw new InvalidDataException($"{path}:{number}: {e.Message}", e);
            }
        }

        return lines;
    }
}

internal sealed record AnswerLine
{
    public string? Question { get; init; }

    public Dictionary<string, string>? Answers { get; init; }

    public CaseVariables? Vars { get; init; }

    public CaseExpectation? Expected { get; init; }
}

internal sealed record CaseVariables(string? Query);

internal sealed record CaseExpectation(string? Text);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(AnswerLine))]
internal sealed partial class AnswerJson : JsonSerializerContext;
