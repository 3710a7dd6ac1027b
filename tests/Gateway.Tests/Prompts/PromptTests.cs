using System.Text.Json;
using LlmOps.Api;
using LlmOps.Gateway.Tests.Fakes;

namespace LlmOps.Gateway.Tests.Prompts;

public sealed class PromptTests
{
    private static readonly IReadOnlyDictionary<string, PromptVariable> Query = new Dictionary<string, PromptVariable> { ["query"] = new() { Required = true } };

    [Fact]
    public async Task Rendered_messages_come_first_and_the_clients_follow()
    {
        await using var bed = await WithPromptAsync([new() { Role = "system", Template = "Be kind." }, new() { Role = "user", Template = "Q: {{query}}" }], Query);

        await bed.ChatAsync("""{"model":"bot","prompt":{"variables":{"query":"why \"x\"?\n"}},"messages":[ {"role":"user","content":"and?"} ]}""");

        Assert.Equal(
            ["system: Be kind.", "user: Q: why \"x\"?\n", "user: and?"],
            Messages(bed.Stable.LastBody));
        Assert.False(bed.Stable.LastBody.TryGetProperty("prompt", out _));
    }

    [Theory]
    [InlineData("""{"model":"bot","prompt":{"variables":{"query":"a"}}}""")]
    [InlineData("""{"model":"bot","prompt":{"variables":{"query":"a"}},"messages":[]}""")]
    [InlineData("""{"model":"bot","prompt":{"variables":{"query":"a"}},"messages":null}""")]
    public async Task Without_messages_of_the_client_the_rendered_ones_go_alone(string body)
    {
        await using var bed = await WithPromptAsync([new() { Role = "user", Template = "{{query}}" }], Query);

        Assert.Equal(200, (await bed.ChatAsync(body)).Status);

        Assert.Equal(["user: a"], Messages(bed.Stable.LastBody));
    }

    [Fact]
    public async Task A_value_is_never_expanded_twice()
    {
        await using var bed = await WithPromptAsync(
            [new() { Role = "user", Template = "{{query}} / {{secret}}" }],
            new Dictionary<string, PromptVariable> { ["query"] = new(), ["secret"] = new() { Default = "hidden" } });

        await bed.ChatAsync("""{"model":"bot","prompt":{"variables":{"query":"{{secret}} {{{{secret}}}}"}}}""");

        Assert.Equal(["user: {{secret}} {{{{secret}}}} / hidden"], Messages(bed.Stable.LastBody));
    }

    [Fact]
    public async Task Numbers_and_booleans_are_values_as_they_are_written()
    {
        await using var bed = await WithPromptAsync(
            [new() { Role = "user", Template = "{{n}} {{b}}" }],
            new Dictionary<string, PromptVariable> { ["n"] = new() { Type = "number" }, ["b"] = new() { Type = "boolean" } });

        await bed.ChatAsync("""{"model":"bot","prompt":{"variables":{"n":1.50,"b":true}}}""");

        Assert.Equal(["user: 1.50 true"], Messages(bed.Stable.LastBody));
    }

    [Fact]
    public async Task The_prompts_parameters_win_and_other_fields_pass_byte_by_byte()
    {
        await using var bed = await WithPromptAsync(
            [new() { Role = "system", Template = "x" }],
            parameters: new SamplingParameters
            {
                Temperature = 0.2,
                TopP = 0.9,
                MaxTokens = 64,
                Stop = ["END"],
                Seed = 7,
                ResponseFormat = JsonDocument.Parse("""{"type":"json_object"}""").RootElement,
            });

        await bed.ChatAsync(GatewayBed.Body(
            stream: false,
            extra: """,  "temperature" : 1.9, "top_p":0.1,"max_tokens":1,"max_completion_tokens":9,"stop":"x","seed":1,"response_format":{"type":"text"},"logit_bias":{"50256": -1.00e2},"n\u0061me":"\u00e9 / <b>"  """));

        var body = bed.Stable.LastBody;
        Assert.Equal(0.2, body.GetProperty("temperature").GetDouble());
        Assert.Equal(0.9, body.GetProperty("top_p").GetDouble());
        Assert.Equal(64, body.GetProperty("max_tokens").GetInt32());
        Assert.False(body.TryGetProperty("max_completion_tokens", out _));
        Assert.Equal("""["END"]""", body.GetProperty("stop").GetRawText());
        Assert.Equal(7, body.GetProperty("seed").GetInt64());
        Assert.Equal("json_object", body.GetProperty("response_format").GetProperty("type").GetString());
        var raw = bed.Stable.Bodies.Last();
        Assert.Contains("\"logit_bias\":{\"50256\": -1.00e2}", raw);
        Assert.Contains("""  "n\u0061me":"\u00e9 / <b>" """.Trim(), raw);
        Assert.Equal(1, raw.Split("\"temperature\"").Length - 1);
    }

    [Fact]
    public async Task Without_a_prompt_everything_but_the_model_passes_byte_by_byte()
    {
        await using var bed = await GatewayBed.StartAsync();

        await bed.ChatAsync("""{ "temperature" : 1.90, "messages" : [ {"role":"user","content":"h\u00efé"} ] , "model":"bot", "z": [1, 2 ,{"a":null}] }""");

        Assert.Equal("""{"model":"served","temperature" : 1.90,"messages" : [ {"role":"user","content":"h\u00efé"} ],"z": [1, 2 ,{"a":null}]}""", bed.Stable.Bodies.Last());
    }

    [Fact]
    public async Task A_name_given_twice_or_escaped_cannot_smuggle_another_model_or_messages()
    {
        await using var bed = await GatewayBed.StartAsync();

        await bed.ChatAsync("""{"model":"x","messages":[{"role":"system","content":"first"}],"mod\u0065l":"bot","messages":[{"role":"user","content":"last"}]}""");

        var raw = bed.Stable.Bodies.Last();
        Assert.Equal("served", bed.Stable.LastBody.GetProperty("model").GetString());
        Assert.DoesNotContain("first", raw);
        Assert.DoesNotContain("bot", raw);
    }

    [Fact]
    public async Task A_prompt_only_candidate_renders_its_own_prompt()
    {
        await using var bed = await GatewayBed.StartAsync();
        bed.Gateway.Routes.Apply(null, Cluster.Prompt("p1", [new() { Role = "system", Template = "one" }]));
        bed.Gateway.Routes.Apply(null, Cluster.Prompt("p2", [new() { Role = "system", Template = "two" }]));
        bed.Weigh(100, stablePrompt: "p1", candidatePrompt: "p2");

        await bed.ChatAsync();
        Assert.Equal("system: two", Messages(bed.Candidate.LastBody)[0]);

        bed.Weigh(0, epoch: 2, stablePrompt: "p1", candidatePrompt: "p2");
        await bed.ChatAsync();
        Assert.Equal("system: one", Messages(bed.Stable.LastBody)[0]);
    }

    [Theory]
    [InlineData("none")]
    [InlineData("needs-more")]
    [InlineData("invalid")]
    public async Task A_candidate_whose_prompt_cannot_render_falls_back_to_stables_prompt_and_has_the_error(string prompt)
    {
        await using var bed = await GatewayBed.StartAsync();
        bed.Gateway.Routes.Apply(null, Cluster.Prompt("p1", [new() { Role = "system", Template = "one" }]));
        bed.Gateway.Routes.Apply(null, Cluster.Prompt("needs-more", [new() { Role = "user", Template = "{{query}}" }], Query));
        bed.Gateway.Routes.Apply(null, Cluster.Prompt("invalid", [new() { Role = "user", Template = "{{undeclared}}" }]));
        bed.Weigh(100, stablePrompt: "p1", candidatePrompt: prompt);

        var reply = await bed.ChatAsync();

        Assert.Equal("stable!", reply.Text);
        Assert.Equal("system: one", Messages(bed.Stable.LastBody)[0]);
        Assert.Equal(1, (await bed.EpochsAsync())[0].GetProperty("candidate").GetProperty("errors").GetInt64());
    }

    [Fact]
    public async Task Variables_that_neither_release_can_render_are_the_clients_error()
    {
        await using var bed = await GatewayBed.StartAsync();
        bed.Gateway.Routes.Apply(null, Cluster.Prompt("p1", [new() { Role = "user", Template = "{{query}}" }], Query));
        bed.Weigh(100, stablePrompt: "p1", candidatePrompt: "p1");

        Assert.Equal(400, (await bed.ChatAsync()).Status);

        Assert.Equal(0, (await bed.EpochsAsync())[0].GetProperty("candidate").GetProperty("errors").GetInt64());
    }

    [Fact]
    public async Task A_prompt_that_is_deleted_while_it_serves_goes_on_serving()
    {
        await using var bed = await WithPromptAsync([new() { Role = "system", Template = "one" }]);
        bed.Gateway.Routes.Apply(Cluster.Prompt("p1", [new() { Role = "system", Template = "one" }]), (PromptVersion?)null);
        bed.Weigh(0, epoch: 2, stablePrompt: "p1");

        Assert.Equal(200, (await bed.ChatAsync()).Status);

        Assert.Equal("system: one", Messages(bed.Stable.LastBody)[0]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_prompt_that_was_deleted_while_it_served_is_kept_no_longer_than_it_serves(bool isDeploymentDeleted)
    {
        await using var bed = await WithPromptAsync([new() { Role = "system", Template = "one" }]);
        bed.Gateway.Routes.Apply(Cluster.Prompt("p1", [new() { Role = "system", Template = "one" }]), (PromptVersion?)null);
        if (isDeploymentDeleted)
            bed.Gateway.Routes.Apply(Cluster.Deployment(), (LlmDeployment?)null);
        else
            bed.Weigh(0, epoch: 2);

        bed.Weigh(0, epoch: 3, stablePrompt: "p1");

        Assert.Equal(503, (await bed.ChatAsync()).Status);
    }

    /// <summary>The new release is not ready here: the one before it answers, by its own prompt.</summary>
    [Fact]
    public async Task A_deleted_prompt_serves_as_long_as_its_release_may_answer_in_place_of_the_next()
    {
        await using var bed = await WithPromptAsync([new() { Role = "system", Template = "one" }]);
        bed.Gateway.Routes.Apply(Cluster.Prompt("p1", [new() { Role = "system", Template = "one" }]), (PromptVersion?)null);

        bed.Gateway.Routes.Apply(null, Cluster.Deployment(stable: Cluster.Release("r-new", "new", 100)));
        Assert.Equal(200, (await bed.ChatAsync()).Status);
        Assert.Equal("system: one", Messages(bed.Stable.LastBody)[0]);

        bed.Gateway.Routes.Apply(null, Cluster.Slice("new", bed.Candidate.Address));
        Assert.Equal(200, (await bed.ChatAsync()).Status);
        Assert.Equal("user: hi", Messages(bed.Candidate.LastBody)[0]);
    }

    [Fact]
    public async Task A_stable_release_without_its_prompt_is_a_503_that_names_it()
    {
        await using var bed = await GatewayBed.StartAsync();
        bed.Weigh(0, stablePrompt: "gone");

        var reply = await bed.ChatAsync();

        Assert.Equal(503, reply.Status);
        Assert.Contains("PromptVersion gone does not exist", reply.Error.GetProperty("message").GetString());

        bed.Gateway.Routes.Apply(null, Cluster.Prompt("gone", [new() { Role = "system", Template = "back" }]));
        Assert.Equal(200, (await bed.ChatAsync()).Status);
    }

    private static async Task<GatewayBed> WithPromptAsync(
        IReadOnlyList<PromptMessage> messages, IReadOnlyDictionary<string, PromptVariable>? variables = null, SamplingParameters? parameters = null)
    {
        var bed = await GatewayBed.StartAsync();
        bed.Gateway.Routes.Apply(null, Cluster.Prompt("p1", messages, variables, parameters));
        bed.Weigh(0, stablePrompt: "p1");
        return bed;
    }

    private static string[] Messages(JsonElement body) =>
        [.. body.GetProperty("messages").EnumerateArray().Select(m => $"{m.GetProperty("role").GetString()}: {m.GetProperty("content").GetString()}")];
}
