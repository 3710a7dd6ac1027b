using System.Text.Json.Nodes;
using LlmOps.Testing;

namespace LlmOps.Cli.Tests;

/// <summary>Answers each RolloutAction as it is created, as the operator does after looking at it.</summary>
internal sealed class AnsweringOperator
{
    private AnsweringOperator(Desk desk, string phase, string message, Action<JsonObject>? does = null) => desk.Server.OnWrite += write =>
    {
        if (write.Request.Verb == "create" && desk.Server.Find("rolloutactions.llmops.dev", write.Namespace, write.Name) is { } action)
        {
            // Several may be asked at one time.
            lock (Asked)
                Asked.Add(action["spec"]!.AsObject());
            action["status"] = new JsonObject { ["phase"] = phase, ["message"] = message };
            does?.Invoke(action);
            desk.Server.Seed(action);
        }
    };

    /// <summary>Specs of what was asked.</summary>
    public List<JsonObject> Asked { get; } = [];

    /// <param name="desk">The cluster.</param>
    /// <param name="message">What it says.</param>
    /// <param name="does">What else it does; the action has its answer and is not written yet.</param>
    public static AnsweringOperator Applies(Desk desk, string message, Action<JsonObject>? does = null) => new(desk, "Applied", message, does);

    public static AnsweringOperator Refuses(Desk desk, string message) => new(desk, "Refused", message);
}
