using System.CommandLine;
using LlmOps.Cli.Output;

namespace LlmOps.Cli.Explain;

/// <summary><c>explain</c>: why a rollout is where it is. Needs <c>get</c> on llmdeployments.</summary>
internal static class ExplainCommand
{
    public static Command Create(Shell shell)
    {
        var name = shell.DeploymentName();
        return shell.Does(new Command("explain", "Says why a rollout is where it is, with the numbers, and what would have to happen for the next step") { name }, async (session, parsed, ct) =>
        {
            var explanation = Explaining.Of(await session.DeploymentAsync(parsed.GetRequiredValue(name), ct), session.Now);
            if (!session.Writes(explanation, CliJson.Default.Explanation))
                ExplanationPage.Show(session, explanation);
            return ExitCodes.Done;
        });
    }
}
