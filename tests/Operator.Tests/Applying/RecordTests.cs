using System.Text.Encodings.Web;
using System.Text.Json;
using LlmOps.Api;
using LlmOps.Rollouts;
using Xunit;

namespace LlmOps.Operator.Tests.Applying;

/// <summary>What the record of a rollout says. The golden files are what <c>kubectl get rolloutrecord -o json</c> shows.</summary>
public sealed class RecordTests
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    [Fact]
    public void Record_of_a_promotion()
    {
        var story = AtFirstWeight();
        Promote(story);
        CheckOnly(story, "promotion");
    }

    [Fact]
    public void Record_of_a_revert_by_a_live_test()
    {
        var story = AtFirstWeight();
        story.Count(2000, 110, 1);
        story.Decide();
        story.Wait(TimeSpan.FromSeconds(20));
        story.Count(4000, 220, 60);
        story.Decide(2);
        CheckOnly(story, "live-test");
    }

    [Fact]
    public void Record_of_a_failed_gate()
    {
        var story = RecordedStory.Serving("v1");
        story.Apply("v2");
        story.Decide(2);
        story.Answer(Verdict.Fail);
        story.Decide(2);
        CheckOnly(story, "gate");
    }

    [Fact]
    public void Record_of_a_superseded_rollout()
    {
        var story = AtFirstWeight();
        story.Count(2000, 110);
        story.Decide();
        story.Apply("v3");
        story.Decide(2);
        CheckOnly(story, "superseded");
        Assert.Equal(RolloutPhase.Stepping, story.State.Current!.Phase);
    }

    [Fact]
    public void No_value_that_looks_like_a_secret_is_in_a_status_or_a_record()
    {
        string[] changes = ["engine.env[HF_TOKEN].value: none → (not shown)", "engine.extraArgs: none → [\"--api-key=(not shown)\",\"--hf-token\",\"(not shown)\"]"];
        var story = RecordedStory.Serving("v1");
        story.Apply("v2", engine => engine with { ExtraArgs = ["--api-key=hush1", "--hf-token", "hush2"], Env = [new() { Name = "HF_TOKEN", Value = "hush3" }] });
        story.Decide(2);
        Assert.Subset(story.Status.Candidate!.Changes!.ToHashSet(), changes.ToHashSet());
        story.Answer(Verdict.Fail);
        story.Decide(2);
        Assert.Subset(Assert.Single(story.Records).Spec.Candidate.Changes!.ToHashSet(), changes.ToHashSet());
        Assert.DoesNotContain("hush", JsonSerializer.Serialize(story.Status, ApiJson.Default.LlmDeploymentStatus) + JsonSerializer.Serialize(story.Records[0], ApiJson.Default.RolloutRecord), StringComparison.Ordinal);
    }

    [Fact]
    public void A_rollout_that_was_replaced_before_its_record_was_written_is_recorded_all_the_same()
    {
        var (whole, crashed) = (AtFirstWeight(), AtFirstWeight());
        crashed.CrashesBeforeRecords = true;
        foreach (var story in new[] { whole, crashed })
        {
            Promote(story);
            story.Apply("v3");
            story.Decide(3);
        }

        Assert.NotNull(crashed.Status.PreviousRollout);
        crashed.CrashesBeforeRecords = false;
        crashed.Decide(2);
        Assert.Equal(Text(Assert.Single(whole.Records)), Text(Assert.Single(crashed.Records)));
        Assert.Null(crashed.Status.PreviousRollout);
        Assert.Equal(crashed.Records[0].Metadata.Name, crashed.Status.History![0].Record);
    }

    [Fact]
    public void A_recorded_rollout_is_recorded_once_and_then_writes_nothing()
    {
        var story = AtFirstWeight();
        Promote(story);
        var before = story.State;
        story.Decide(5);
        Assert.Equal(before, story.State);
        Assert.Single(story.Records);
    }

    private static RecordedStory AtFirstWeight()
    {
        var story = RecordedStory.Serving("v1");
        story.Wait(TimeSpan.FromMinutes(30));
        story.Apply("v2");
        story.Decide(2);
        story.Answer(Verdict.Pass);
        story.Decide(2);
        Assert.Equal(5, story.Status.Candidate!.Weight);
        return story;
    }

    private static void Promote(RecordedStory story)
    {
        story.Wait(TimeSpan.FromMinutes(5));
        story.Count(9500, 500, 1);
        story.Decide(2);
        Assert.Equal(25, story.Status.Candidate!.Weight);
        story.Wait(TimeSpan.FromMinutes(10));
        story.Count(6000, 2000, 1);
        story.Decide(5);
        Assert.Null(story.Status.Candidate);
    }

    private static void CheckOnly(RecordedStory story, string file)
    {
        var record = Assert.Single(story.Records);
        Assert.NotEmpty(record.Spec.OperatorVersion!);
        Golden.EqualText($"records/{file}.json", Text(record));
        Assert.Equal(record.Metadata.Name, story.Status.History![0].Record);
    }

    private static string Text(RolloutRecord record) =>
        JsonSerializer.Serialize(JsonSerializer.SerializeToNode(record with { Spec = record.Spec with { OperatorVersion = "VERSION" } }, RolloutRecord.JsonType), Indented) + "\n";
}
