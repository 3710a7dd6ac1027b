using System.Text.Json.Nodes;

namespace LlmOps.Api.Tests.Server;

/// <summary>Objects that the API server must accept.</summary>
internal static class GoodObjects
{
    public static readonly string[] Kinds = ["LlmDeployment", "PromptVersion", "EvalGate", "EvalRun", "RolloutRecord", "RolloutAction"];

    /// <summary>YAML files with examples: those of the tests and those that ship.</summary>
    public static IEnumerable<string> Files() =>
        new[] { Path.Combine("tests", "Api.Tests", "examples"), Path.Combine("config", "samples") }
            .Select(f => Path.Combine(Repository.Root, f))
            .Where(Directory.Exists)
            .SelectMany(f => Directory.EnumerateFiles(f, "*.yaml", SearchOption.AllDirectories))
            .Where(f => Path.GetFileName(f) != "kustomization.yaml")
            .Order(StringComparer.Ordinal);

    public static string Plural(JsonNode @object) => @object["kind"]!.GetValue<string>() switch
    {
        "LlmDeployment" => "llmdeployments",
        "PromptVersion" => "promptversions",
        "EvalGate" => "evalgates",
        "EvalRun" => "evalruns",
        "RolloutRecord" => "rolloutrecords",
        "RolloutAction" => "rolloutactions",
        var kind => throw new InvalidOperationException($"unknown kind {kind}"),
    };

    /// <summary>The smallest object of a kind.</summary>
    public static JsonNode Minimal(string kind)
    {
        var spec = kind switch
        {
            "LlmDeployment" => """{"model":{"source":"hf://Qwen/Qwen2.5-7B-Instruct"},"engine":{"type":"vLLM"},"resources":{"gpu":{"count":1}}}""",
            "PromptVersion" => """{"family":"support","version":"1.4.0","messages":[{"role":"system","template":"Be brief."}]}""",
            "EvalGate" => """{"dataset":{"configMap":{"name":"questions","key":"cases.jsonl"}},"scorers":[{"name":"correct","type":"contains","expected":"expected.text"}],"criteria":[{"metric":"correct","atLeast":0.9}]}""",
            "EvalRun" => """{"gate":"g","gateHash":"0123456789","deployment":"bot","rollout":"01234567","candidate":{"release":"0123456789","url":"http://bot.default.svc:8000","servedName":"bot"}}""",
            "RolloutRecord" => """{"deployment":"bot","rollout":"01234567","outcome":"Promoted","reason":"Promoted","message":"took over","candidate":{"release":"0123456789"},"startedAt":"2026-07-01T12:00:00Z","finishedAt":"2026-07-01T12:30:00Z","maxWeight":100,"candidateRequests":1234}""",
            "RolloutAction" => """{"deployment":"bot","action":"Abort"}""",
            _ => throw new InvalidOperationException($"unknown kind {kind}"),
        };
        return new JsonObject
        {
            ["apiVersion"] = ApiGroup.ApiVersion,
            ["kind"] = kind,
            ["metadata"] = new JsonObject { ["name"] = "example" },
            ["spec"] = JsonNode.Parse(spec),
        };
    }
}
