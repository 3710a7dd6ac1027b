using System.Text.RegularExpressions;
using LlmOps.Kubernetes;
using Xunit;

namespace LlmOps.Cli.Tests;

/// <summary>The workflow that people copy: what it calls is there.</summary>
public sealed partial class WorkflowTests
{
    private static readonly string Text = File.ReadAllText(Path.Combine(Repository.Root, "config", "ci", "github-actions.yaml"));

    [Fact]
    public void Every_command_of_the_workflow_is_one_of_the_plugin()
    {
        var commands = Command().Matches(Text).Select(m => m.Groups[1].Value.Trim()).ToList();
        Assert.Equal(["lint", "status", "eval", "explain"], commands.Select(c => c.Split(' ')[0]));
        var root = CommandLine.Create(new() { Output = TextWriter.Null, Error = TextWriter.Null, Environment = _ => null, Time = TimeProvider.System });
        Assert.All(commands, command => Assert.Empty(root.Parse(command.Split('|')[0]).Errors));
    }

    [Fact]
    public void The_workflow_is_yaml_with_both_jobs_and_asks_for_no_right_that_it_does_not_need()
    {
        var workflow = Assert.Single(YamlJson.Documents(Text));
        Assert.Equal(["lint", "evaluate"], workflow["jobs"]!.AsObject().Select(j => j.Key));
        Assert.Equal("""{"contents":"read"}""", workflow["permissions"]!.ToJsonString());
        Assert.Equal("""{"contents":"read","pull-requests":"write"}""", workflow["jobs"]!["evaluate"]!["permissions"]!.ToJsonString());
        // What a pull request says of itself must not become part of a script.
        Assert.DoesNotMatch(@"\$\{\{ *github\.(head_ref|event\.pull_request\.(title|body|head\.ref))", Text);
    }

    [GeneratedRegex("kubectl llm ([a-z]+ [^\n]*)")]
    private static partial Regex Command();
}
