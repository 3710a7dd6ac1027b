using System.Text.Json.Nodes;
using LlmOps.Testing;

namespace LlmOps.Cli.Tests;

/// <summary>Answers each RolloutAction as it is created, as the operator does after looking at it.</summary>
internal sealed class AnsweringOperator
{
    private AnsweringOperator(Desk desk, string phase, string message) => desk.Server.OnWrite += write =>
    {
        if (write.Request.Verb == "create" && desk.Server.Find("rolloutactions.llmops.dev", write.Namespace, write.Name) is { } action)
        {
            Asked.Add(action["spec"]!.AsObject());
            action["status"] = new JsonObject { ["phase"] = phase, ["message"] = message };
            desk.Server.Seed(action);
        }
    };

    /// <summary>Specs of what was asked.</summary>
    public List<JsonObject> Asked { get; } = [];

    public static AnsweringOperator Applies(Desk desk, string message) => new(desk, "Applied", message);

    public static AnsweringOperator Refuses(Desk desk, string message) => new(desk, "Refused", message);
}
