using System.Text.Json.Nodes;

namespace LlmOps.Testing;

/// <summary>
/// What gateways read beside specs: statuses that their schema lets through, and EndpointSlices that no server should. Whoever may write a status may write these. The same
/// number gives the same object.
/// </summary>
public sealed class HostileServing
{
    private static readonly string?[] NoAddresses =
    [
        null, "", " ", "a b", "1.2.3.4:80", "1.2.3.4/x", "user@1.2.3.4", "evil.example", "evil.example/x?y#z", "[::1]", "::1%eth0", "::1%", "999.1.1.1", "127.1", "0177.0.0.1", "127.0.0.01", "0x7f000001",
        "2130706433", "127.0.0.1.", " 127.0.0.1", "١٢٧.٠.٠.١", "127。0。0。1", "127.0.0.1\r\nX-Injected: 1", ":::", "-", "🦙", "%31", new('9', 253), new('a', 5000),
    ];

    private static readonly JsonNode?[] NoPorts = [null, -1, 0, 65536, int.MinValue, int.MaxValue];

    private readonly Random random;
    private readonly HostileText text;

    private HostileServing(int number)
    {
        random = new Random(number);
        text = new(random);
    }

    /// <summary>A status, whose releases mostly name these Services and prompts.</summary>
    public static JsonObject Status(int number, IReadOnlyList<string> services, IReadOnlyList<string> prompts)
    {
        var maker = new HostileServing(number);
        var status = new JsonObject { ["observedGeneration"] = maker.text.Pick(-1, 0, long.MaxValue), ["phase"] = maker.text.Next(64) };
        if (maker.random.Next(10) > 0)
            status["stable"] = maker.Release(services, prompts);
        if (maker.random.Next(3) > 0)
            status["candidate"] = maker.Release(services, prompts);
        if (maker.random.Next(10) > 0)
        {
            status["rollout"] = new JsonObject
            {
                ["id"] = maker.text.Pick(maker.text.Next(64), "", "9a3b12cd"),
                ["release"] = maker.text.Next(64),
                ["phase"] = maker.text.Pick("Stepping", "Promoted", "Reverted", "Baking", maker.text.Next(64)),
                ["weightEpoch"] = maker.text.Pick(int.MinValue, -1, 0, 1, int.MaxValue),
            };
        }

        return status;
    }

    /// <summary>An EndpointSlice of a Service in which there is no endpoint that can be asked.</summary>
    public static JsonObject Slice(string ns, int number, string service)
    {
        var maker = new HostileServing(number);
        var isAddressBad = maker.random.Next(4) > 0;
        return Slice(ns, $"{number}", service, maker.text.Pick("IPv4", "IPv6", "FQDN", ""), maker.Ports(isAddressBad), Enumerable.Range(0, maker.text.Pick(0, 1, 8)).Select(_ => isAddressBad ? maker.text.Pick(NoAddresses) : "127.0.0.1"));
    }

    /// <summary>An EndpointSlice with as many endpoints on the loopback, which nobody listens on.</summary>
    public static JsonObject Crowd(string ns, int number, string service, int endpoints) =>
        Slice(ns, $"{number}", service, "IPv4", [new JsonObject { ["name"] = "http", ["port"] = 1 }], Enumerable.Range(0, endpoints).Select(i => $"127.{1 + (number % 200)}.{i / 256 % 256}.{i % 256}"));

    private static JsonObject Slice(string ns, string name, string service, string addressType, JsonArray ports, IEnumerable<string?> addresses) => new()
    {
        ["apiVersion"] = "discovery.k8s.io/v1",
        ["kind"] = "EndpointSlice",
        ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = ns, ["labels"] = new JsonObject { ["kubernetes.io/service-name"] = service, ["app.kubernetes.io/managed-by"] = "llmops-operator" } },
        ["addressType"] = addressType,
        ["ports"] = ports,
        ["endpoints"] = new JsonArray([.. addresses.Select(address => new JsonObject { ["addresses"] = new JsonArray(address), ["conditions"] = new JsonObject { ["ready"] = true } })]),
    };

    private JsonArray Ports(bool isAddressBad) => random.Next(6) == 0
        ? []
        : [new JsonObject { ["name"] = text.Pick("http", "", text.Next(15)), ["port"] = isAddressBad ? 8000 : text.Pick(NoPorts)?.DeepClone() }];

    private JsonObject Release(IReadOnlyList<string> services, IReadOnlyList<string> prompts)
    {
        var release = new JsonObject
        {
            ["release"] = text.Pick(text.Next(64), "", "r"),
            ["servingHash"] = text.Next(64),
            ["promptHash"] = text.Next(64),
            ["service"] = random.Next(5) == 0 ? text.Next(253) : text.Pick([.. services]),
            ["weight"] = text.Pick(int.MinValue, -1, 0, 1, 50, 100, 101, int.MaxValue),
            ["replicas"] = text.Pick(int.MinValue, int.MaxValue),
        };
        if (random.Next(2) == 0)
            release["servedName"] = text.Next(253);
        if (random.Next(3) > 0)
            release["prompt"] = prompts.Count == 0 || random.Next(5) == 0 ? text.Next(253) : text.Pick([.. prompts]);
        if (random.Next(8) == 0)
            release["apiKeySecretRef"] = new JsonObject { ["name"] = text.Reference(), ["key"] = text.Key() };
        if (random.Next(3) == 0)
            release["mirror"] = new JsonObject { ["percent"] = text.Pick(int.MinValue, -1, 0, 100, int.MaxValue), ["maxConcurrent"] = text.Pick(int.MinValue, 0, 1, int.MaxValue) };
        return release;
    }
}
