using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using LlmOps.Kubernetes;

namespace LlmOps.LocalCluster;

/// <summary>Runs the scripts of <c>config/argocd</c> as Argo CD does: <c>obj</c> is the object, the answer is what the script returns.</summary>
public static class ArgoCd
{
    private static readonly JsonNode Settings = YamlJson.Documents(File.ReadAllText(Path.Combine(Workspace.Repository, "config", "argocd", "argocd-cm.yaml"))).Single()["data"]!;

    private const string Print = """
        local function print_value(path, value)
          if type(value) == "table" then
            for key, member in pairs(value) do print_value(path .. "/" .. tostring(key), member) end
          else
            print(path .. "=" .. tostring(value))
          end
        end
        """;

    /// <summary>Status and message.</summary>
    public static async Task<(string Status, string Message)> HealthAsync(JsonNode obj)
    {
        var answer = await RunAsync((string)Settings[$"resource.customizations.health.llmops.dev_{obj["kind"]}"]!, obj);
        return (answer["/status"], answer["/message"]);
    }

    /// <summary>Names of the actions that are offered now.</summary>
    public static async Task<string[]> OfferedAsync(JsonNode obj) =>
        [.. (await RunAsync((string)Actions(obj)["discovery.lua"]!, obj)).Where(member => member.Value == "false").Select(member => member.Key.Split('/')[1]).Order(StringComparer.Ordinal)];

    /// <summary>What an action makes, as a JSON object.</summary>
    public static async Task<JsonObject> ActAsync(string action, JsonNode obj)
    {
        var script = Actions(obj)["definitions"]!.AsArray().Single(definition => (string?)definition!["name"] == action)!["action.lua"]!;
        var answer = await RunAsync((string)script!, obj);
        if (answer["/1/operation"] != "create")
            throw new InvalidOperationException($"{action} asks to {answer["/1/operation"]}");
        var made = new JsonObject();
        foreach (var (path, value) in answer.Where(member => member.Key.StartsWith("/1/resource/", StringComparison.Ordinal)))
        {
            var parts = path.Split('/')[3..];
            var owner = parts[..^1].Aggregate(made, (parent, part) => (JsonObject)(parent[part] ??= new JsonObject()));
            owner[parts[^1]] = value;
        }

        return made;
    }

    private static JsonNode Actions(JsonNode obj) => YamlJson.Documents((string)Settings[$"resource.customizations.actions.llmops.dev_{obj["kind"]}"]!).Single();

    /// <summary>Leaves of the returned table by path; a path counts lists from 1.</summary>
    private static async Task<IReadOnlyDictionary<string, string>> RunAsync(string script, JsonNode obj)
    {
        var lines = await LuaInterpreter.RunAsync($"{Print}\nobj = {Literal(obj)}\nlocal function script()\n{script}\nend\nprint_value('', script())\n");
        return lines.Select(line => line.Split('=', 2)).ToDictionary(line => line[0], line => line[1], StringComparer.Ordinal);
    }

    private static string Literal(JsonNode? node) => node switch
    {
        null => "nil",
        JsonObject obj => $"{{{string.Join(", ", obj.Select(member => $"[{Text(member.Key)}] = {Literal(member.Value)}"))}}}",
        JsonArray array => $"{{{string.Join(", ", array.Select(Literal))}}}",
        JsonValue value when value.GetValueKind() == JsonValueKind.String => Text((string)value!),
        _ => node.ToJsonString(),
    };

    private static string Text(string text) => $"\"{string.Concat(Encoding.UTF8.GetBytes(text).Select(octet => string.Create(CultureInfo.InvariantCulture, $"\\{octet:000}")))}\"";
}
