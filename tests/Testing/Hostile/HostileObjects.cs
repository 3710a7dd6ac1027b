using System.Text.Json.Nodes;

namespace LlmOps.Testing;

/// <summary>
/// LlmDeployments, PromptVersions and EvalGates that their schemas and rules let through, each field as odd as it may be. The same number gives the same object.
/// </summary>
public sealed class HostileObjects
{
    private const string ApiVersion = "llmops.dev/v1alpha1";

    /// <summary>Of one object, so that it fits into etcd.</summary>
    private const int MostCharacters = 300_000;

    private readonly Random random;
    private readonly HostileText text;
    private readonly int number;
    private readonly string ns;

    private HostileObjects(string ns, int number)
    {
        (this.ns, this.number, random) = (ns, number, new Random(number));
        text = new(random);
    }

    /// <summary>The object of a number, of the three kinds in turn.</summary>
    public static JsonObject Make(string ns, int number)
    {
        var maker = new HostileObjects(ns, number);
        return (number % 3) switch { 0 => maker.Deployment(), 1 => maker.Prompt(), _ => maker.Gate() };
    }

    private JsonObject Object(string kind, JsonObject spec) => new()
    {
        ["apiVersion"] = ApiVersion,
        ["kind"] = kind,
        ["metadata"] = new JsonObject { ["name"] = text.Name(number), ["namespace"] = ns },
        ["spec"] = spec,
    };

    private JsonObject Deployment()
    {
        var engine = text.Pick("vLLM", "vLLM", "TGI", "llama.cpp");
        var spec = new JsonObject
        {
            ["model"] = new JsonObject
            {
                ["source"] = $"{text.Pick("hf", "s3", "gs", "pvc", "https")}://{text.Pick("o/m", "../../x", "/", "%00/..", "user:secret@[::1]:99999/m.gguf", "claim/../..", "🦙", "\u202e/x", new string('a', 400))}",
                ["revision"] = text.Next(128),
                ["servedName"] = Perhaps(() => text.Next(128)),
                ["credentialsSecretRef"] = Perhaps(Secret),
                ["cache"] = Perhaps(() => text.Pick(
                    new JsonObject { ["emptyDir"] = new JsonObject { ["sizeLimit"] = text.Bytes() } },
                    new JsonObject { ["persistentVolumeClaim"] = new JsonObject { ["claimName"] = text.Reference() } })),
            },
            ["engine"] = new JsonObject
            {
                ["type"] = engine,
                ["image"] = Perhaps(() => text.Next(512)),
                ["dtype"] = Perhaps(() => text.Next(32)),
                ["maxModelLen"] = Perhaps(() => text.Pick(1, 100_000_000)),
                ["quantization"] = Perhaps(() => text.Next(64)),
                ["tensorParallelSize"] = Perhaps(() => text.Pick(1, 64)),
                ["gpuMemoryUtilization"] = Perhaps(() => text.Pick(double.Epsilon, 1e-300, 1)),
                ["extraArgs"] = Perhaps(() => List(64, () => text.Next(4000))),
                ["env"] = Perhaps(() => List(64, i => new JsonObject { ["name"] = $"_{i}", ["value"] = text.Next(4096) })),
                ["apiKeySecretRef"] = Perhaps(Secret),
                ["drainSeconds"] = Perhaps(() => text.Pick(0, 3600)),
                ["startupDeadline"] = Perhaps(text.Duration),
            },
            ["resources"] = Perhaps(() => new JsonObject
            {
                ["gpu"] = new JsonObject { ["count"] = text.Pick(0, 1, 64), ["resourceName"] = text.Pick("nvidia.com/gpu", "-/-", "../..", new string('a', 60) + "/" + new string('B', 60)), ["product"] = text.Next(63) },
                ["cpu"] = text.Pick("0", "0.000000000000000000000000001", "99999999999999999999999999999", "00m"),
                ["memory"] = text.Bytes(),
                ["sharedMemory"] = text.Bytes(),
            }),
            ["podTemplate"] = Perhaps(() => new JsonObject
            {
                ["labels"] = Map(32, 300),
                ["annotations"] = Map(32, 4000),
                ["nodeSelector"] = Map(32, 300),
                ["affinity"] = Perhaps(Deep),
                ["priorityClassName"] = text.Next(253),
                ["runtimeClassName"] = text.Next(253),
                ["serviceAccountName"] = text.Reference(),
            }),
            ["prompt"] = Perhaps(() => new JsonObject { ["name"] = text.Reference() }),
            ["artifacts"] = Perhaps(() => List(16, i => new JsonObject { ["name"] = $"{i}{text.Next(50)}", ["version"] = text.Next(256) })),
            ["rollout"] = Perhaps(Rollout),
            ["traffic"] = Perhaps(() => new JsonObject { ["stickiness"] = text.Pick("session", "user", "request") }),
            ["pricing"] = Perhaps(() => new JsonObject { ["inputPerMillion"] = 1e-300, ["outputPerMillion"] = text.Pick(0, 1_000_000_000), ["currency"] = "XXX" }),
        };
        if (random.Next(2) == 0)
            spec["replicas"] = text.Pick(0, 1, 1000);
        else
            spec["autoscaling"] = new JsonObject { ["min"] = 1, ["max"] = text.Pick(1, 1000), ["metrics"] = List(1, () => new JsonObject { ["type"] = text.Pick("RunningRequests", "QueuedRequests", "KvCacheUsage"), ["target"] = text.Pick(1, 1_000_000) }) };
        return Object("LlmDeployment", Clean(spec));
    }

    private JsonObject Rollout() => new()
    {
        ["steps"] = Steps(),
        ["analysis"] = Perhaps(() => new JsonObject
        {
            ["falseRevertProbability"] = text.Pick("0.0001%", "99.9999%", "1%"),
            ["promotion"] = text.Pick("BoundedTime", "Proven"),
            ["warmUpRequests"] = text.Pick(0, 10_000),
            ["tolerance"] = new JsonObject { ["errors"] = text.Pick(1.0, 1.0000000000000002, 10), ["ttft"] = 10, ["cost"] = 1 },
            ["checks"] = List(10, Check),
            ["limits"] = List(8, () => text.Pick(
                new JsonObject { ["metric"] = "errors", ["max"] = "0.0001%" },
                new JsonObject { ["metric"] = "ttft", ["quantile"] = 99, ["max"] = text.Pick("1ms", "99999999999999999999h", "0.0000001ms") })),
        }),
        ["capacity"] = Perhaps(() => new JsonObject { ["plan"] = text.Pick("Auto", "Surge", "TakeFromStable"), ["maxSurgeGpus"] = text.Pick(1, 100_000), ["maxUnavailable"] = text.Pick(1, 1000) }),
        ["deadlines"] = Perhaps(() => new JsonObject { ["scheduling"] = text.Duration(), ["imagePull"] = text.Duration(), ["load"] = text.Duration(), ["warmUp"] = text.Duration() }),
        ["progressDeadline"] = Perhaps(text.Duration),
        ["onInconclusive"] = text.Pick("Revert", "Hold"),
        ["bake"] = Perhaps(text.Duration),
        ["scaleDownDelay"] = Perhaps(text.Duration),
        ["paused"] = random.Next(2) == 0,
    };

    private JsonObject Check(int i)
    {
        var check = new JsonObject
        {
            ["name"] = $"{i}-{new string('a', random.Next(1, 60))}",
            ["max"] = text.Pick(double.MaxValue, double.Epsilon, 0),
            ["maxTimesStable"] = Perhaps(() => text.Pick(1e-300, 1000)),
        };
        if (random.Next(2) == 0)
            check["prometheus"] = new JsonObject { ["query"] = "{{track}}" + text.Next(4000).Replace("{", "(", StringComparison.Ordinal), ["address"] = Perhaps(() => text.Pick("http://[::1]:99999999/", "https://x/../..", "http://169.254.169.254/latest", "http://\u202ex")) };
        else
            check["http"] = new JsonObject { ["url"] = text.Pick("http://[::1]:99999999/", "https://x/../..", "http://169.254.169.254/latest", "http://[[::]", "https://x/%%%zz") + "?{{track}}", ["value"] = text.Pick(string.Empty, "/", new string('/', 256), "/~01") };
        return check;
    }

    private JsonArray Steps()
    {
        var steps = List(6, () => text.Pick<Func<JsonObject>>(
            () => new JsonObject { ["gate"] = text.Reference() },
            () => new JsonObject { ["gates"] = List(8, i => text.Name(i)) },
            () => new JsonObject { ["approve"] = new JsonObject { ["timeout"] = text.Pick("1ms", "87600h") } },
            () => new JsonObject { ["mirror"] = new JsonObject { ["percent"] = 100, ["maxConcurrent"] = 1000 }, ["hold"] = text.Duration() })());
        for (var weight = random.Next(1, 50); weight <= 100 && steps.Count < 20; weight += random.Next(1, 40))
            steps.Add(new JsonObject { ["weight"] = weight, ["hold"] = text.Duration(), ["minRequests"] = text.Pick(0, 100_000_000) });
        return steps;
    }

    private JsonObject Prompt()
    {
        var most = MostCharacters;
        return Object("PromptVersion", Clean(new JsonObject
        {
            ["family"] = text.Pick("a", "a..b", "0-.-0", new string('9', 63)),
            ["version"] = text.Pick("0.0.0", "99999999999999999999.99999999999999999.0", "1.0.0-..", "1.0.0-" + new string('a', 50)),
            ["messages"] = List(32, () =>
            {
                var template = random.Next(30) == 0 ? Bomb() : text.Next(random.Next(50) == 0 ? 100_000 : 500);
                most -= template.Length;
                return new JsonObject { ["role"] = text.Pick("system", "user", "assistant"), ["template"] = most > 0 ? template : "x" };
            }),
            ["variables"] = Perhaps(() => new JsonObject(Enumerable.Range(0, random.Next(64)).Select(i => KeyValuePair.Create<string, JsonNode?>(i == 0 ? "query" : $"{i}{text.Field(200)}", new JsonObject
            {
                ["type"] = text.Pick("string", "number", "integer", "boolean"),
                ["required"] = random.Next(2) == 0,
                ["default"] = text.Next(4096),
                ["maxLength"] = text.Pick(1, 10_000_000),
                ["trust"] = text.Pick("trusted", "untrusted"),
                ["description"] = text.Next(1024),
            })))),
            ["parameters"] = Perhaps(() => new JsonObject
            {
                ["temperature"] = text.Pick(0, 2, 1e-300),
                ["topP"] = text.Pick(double.Epsilon, 1),
                ["maxTokens"] = text.Pick(1, 10_000_000),
                ["stop"] = List(16, () => text.Next(4000)),
                ["seed"] = text.Pick(long.MinValue, long.MaxValue),
                ["responseFormat"] = Perhaps(Deep),
            }),
            ["parent"] = Perhaps(() => text.Next(253)),
            ["author"] = Perhaps(() => text.Next(128)),
            ["notes"] = Perhaps(() => text.Next(4096)),
        }));
    }

    /// <summary>As many variables as there is room for, each another one; or one that never ends.</summary>
    private string Bomb() => random.Next(2) == 0
        ? string.Concat(Enumerable.Range(0, 9_000).Select(i => $"{{{{v{i}}}}}"))
        : "{{" + new string('a', 99_000);

    private JsonObject Gate()
    {
        var scorers = List(16, Scorer);
        var names = scorers.Select(scorer => (string)scorer!["name"]!).ToArray();
        return Object("EvalGate", Clean(new JsonObject
        {
            ["dataset"] = random.Next(3) > 0
                ? new JsonObject { ["configMap"] = new JsonObject { ["name"] = text.Reference(), ["key"] = text.Key() }, ["input"] = text.Next(256), ["inputVariable"] = text.Next(128) }
                : new JsonObject { ["persistentVolumeClaim"] = new JsonObject { ["claimName"] = text.Reference(), ["path"] = text.Pick("...", "a/.../b", new string('a', 512)) } },
            ["scorers"] = scorers,
            ["criteria"] = List(16, () => new JsonObject { ["metric"] = text.Pick(names), ["atLeast"] = text.Pick(0, 1, 1e-300), ["confidence"] = text.Pick(0.5, 0.9999) }),
            ["sample"] = Perhaps(() => new JsonObject { ["size"] = text.Pick(1, 1_000_000), ["seed"] = text.Pick(long.MinValue, long.MaxValue) }),
            ["budget"] = Perhaps(() => new JsonObject { ["maxDuration"] = text.Duration(), ["maxTokens"] = text.Pick(1, long.MaxValue) }),
            ["concurrency"] = text.Pick(1, 256),
        }));
    }

    private JsonObject Scorer(int index)
    {
        var scorer = random.Next(4) switch
        {
            0 => new JsonObject { ["type"] = "regex", ["pattern"] = Pattern(), ["extract"] = Perhaps(Pattern) },
            1 => new JsonObject { ["type"] = "equals", ["expected"] = text.Next(256), ["extract"] = Perhaps(Pattern), ["caseSensitive"] = true },
            2 => new JsonObject { ["type"] = "length", ["unit"] = text.Pick("words", "characters"), ["min"] = text.Pick(0, 1) },
            _ => new JsonObject { ["type"] = "isJson" },
        };
        scorer["name"] = $"s{index}";
        return scorer;
    }

    /// <summary>Expressions that blow up where they are compiled or matched by others.</summary>
    private string Pattern() => random.Next(2) == 0 ? text.Next(512) : text.Pick(
        "(a+)+$", "((((a{1000}){1000}){1000}){1000})", "a{0,2147483647}", "(a|a)*b", "(?i)" + string.Concat(Enumerable.Repeat("(x+x+)+", 60)), new string('(', 200) + new string(')', 200),
        "[\\w\\W]{1000}{1000}", string.Concat(Enumerable.Repeat("(a?){50}", 60)), "\\p{L}{1,999}\\p{N}{1,999}", new string('(', 500), "(.*)*(.*)*(.*)*", "(?=a)\\1");

    /// <summary>JSON as deep as it may be, or much of it.</summary>
    private JsonNode Deep()
    {
        var depth = random.Next(10) switch { 0 => 500, < 4 => random.Next(50, 70), _ => random.Next(1, 12) };
        JsonNode node = text.Next(200);
        for (var i = 0; i < depth; i++)
            node = random.Next(2) == 0 ? new JsonArray(node) : new JsonObject { [text.Field(20)] = node };
        return new JsonObject { ["x"] = node };
    }

    private JsonObject Secret() => new() { ["name"] = text.Reference(), ["key"] = text.Key() };

    private JsonObject Map(int most, int longest) =>
        new(Enumerable.Range(0, random.Next(most)).Select(i => KeyValuePair.Create<string, JsonNode?>($"{i}{text.Field(100)}", text.Next(longest))));

    private JsonArray List(int most, Func<JsonNode> item) => List(most, _ => item());

    private JsonArray List(int most, Func<int, JsonNode> item) => new([.. Enumerable.Range(0, random.Next(10) == 0 ? most : random.Next(1, Math.Min(most, 4) + 1)).Select(item)]);

    private JsonNode? Perhaps<T>(Func<T> value) => random.Next(4) == 0 ? null : value() switch { JsonNode node => node, var other => JsonValue.Create(other) };

    /// <summary>A field that is null is left out.</summary>
    private static JsonObject Clean(JsonObject obj)
    {
        foreach (var (name, value) in obj.ToList())
        {
            if (value is null)
                obj.Remove(name);
            else
                Clean(value);
        }

        return obj;
    }

    private static void Clean(JsonNode node)
    {
        if (node is JsonObject obj)
            Clean(obj);
        else if (node is JsonArray array)
            array.ToList().ForEach(item => Clean(item!));
    }
}
