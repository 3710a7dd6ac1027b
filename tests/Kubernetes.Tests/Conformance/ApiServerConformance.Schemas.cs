using Xunit;

namespace LlmOps.Kubernetes.Tests.Conformance;

/// <summary>What the schema of a CustomResourceDefinition does to an object.</summary>
public abstract partial class ApiServerConformance
{
    [ConformanceFact]
    public async Task Unknown_fields_are_pruned_and_kept_where_the_schema_says_so()
    {
        var created = await Api.CreatedAsync(WidgetsPath, Widgets.Of("a", """{"color":"red","unknown":1,"open":{"any":{"thing":1}},"options":{"nope":1}}"""));

        AssertJson("""{"color":"red","size":3,"open":{"any":{"thing":1}},"options":{"mode":"fast"}}""", created.Json["spec"]);
    }

    [ConformanceFact]
    public async Task Unknown_fields_are_refused_under_strict_validation()
    {
        var reply = await Api.PostAsync(WidgetsPath + "?fieldValidation=Strict", Widgets.Of("a", """{"color":"red","unknown":1}"""));

        Assert.Equal((400, "BadRequest"), (reply.Code, reply.Reason));
        Assert.Contains("spec.unknown", (string?)reply.Json["message"], StringComparison.Ordinal);
    }

    [ConformanceFact]
    public async Task Defaults_are_filled_in_also_for_null_and_inside_lists()
    {
        var created = await Api.CreatedAsync(WidgetsPath, Widgets.Of("a", """{"color":"red","size":null,"note":null,"parts":[{"name":"x"}]}"""));

        AssertJson("""{"color":"red","size":3,"note":null,"parts":[{"name":"x","unit":"piece"}]}""", created.Json["spec"]);
    }

    [ConformanceFact]
    public async Task A_value_that_breaks_the_schema_is_invalid_with_a_cause_for_its_field()
    {
        await Refused("""{}""", "spec.color", "FieldValueRequired");
        await Refused("""{"color":"blue"}""", "spec.color", "FieldValueNotSupported");
        await Refused("""{"color":"red","size":0}""", "spec.size", "FieldValueInvalid");
        await Refused("""{"color":"red","size":11}""", "spec.size", "FieldValueInvalid");
        await Refused("""{"color":"red","size":"3"}""", "spec.size", "FieldValueTypeInvalid");
        await Refused("""{"color":"red","label":"ABC"}""", "spec.label", "FieldValueInvalid");
        await Refused("""{"color":"red","label":"a"}""", "spec.label", "FieldValueInvalid");
        await Refused("""{"color":"red","label":"abcdef"}""", "spec.label", "FieldValueTooLong");
        await Refused("""{"color":"red","paused":"yes"}""", "spec.paused", "FieldValueTypeInvalid");
        await Refused("""{"color":"red","steps":[{"weight":1},{"weight":2},{"weight":3},{"weight":4}]}""", "spec.steps", "FieldValueTooMany");
        await Refused("""{"color":"red","steps":[{}]}""", "spec.steps[0].weight", "FieldValueRequired");
        await Refused("""{"color":"red","parts":[{"name":"x"},{"name":"x"}]}""", "spec.parts[1]", "FieldValueDuplicate");
        await Refused("""{"color":"red","tags":["x","x"]}""", "spec.tags[1]", "FieldValueDuplicate");
        await Refused("""{"color":"red","port":1.5}""", "spec.port", null);
        await Refused("""{"color":"red","extra":{"k":1}}""", "spec.extra.k", "FieldValueTypeInvalid");

        async Task Refused(string spec, string field, string? reason)
        {
            var reply = await Api.PostAsync(WidgetsPath, Widgets.Of("bad", spec));
            var causes = string.Join(" | ", reply.Causes);
            Assert.True((reply.Code, reply.Reason) == (422, "Invalid"), $"{spec}: {reply.Code} {reply.Json.ToJsonString()}");
            Assert.True(reply.Causes.Any(c => c.Field == field && (reason is null || c.Reason == reason)), $"{spec}: expected {reason} at {field}, got {causes}");
        }
    }

    [ConformanceFact]
    public async Task Int_or_string_takes_both()
    {
        var number = await Api.CreatedAsync(WidgetsPath, Widgets.Of("a", """{"color":"red","port":8000}"""));
        var text = await Api.CreatedAsync(WidgetsPath, Widgets.Of("b", """{"color":"red","port":"http"}"""));

        AssertJson("8000", number.Json["spec"]!["port"]);
        AssertJson("\"http\"", text.Json["spec"]!["port"]);
    }

    [ConformanceFact]
    public async Task An_object_that_breaks_the_schema_is_refused_by_apply_and_patch_too()
    {
        await Api.CreatedAsync(WidgetsPath, Widgets.Of("a"));

        Assert.Equal((422, "Invalid"), await CodeAndReason(Api.ApplyAsync(Widget("a"), Widgets.Of("a", """{"color":"blue"}"""), "one", force: true)));
        Assert.Equal((422, "Invalid"), await CodeAndReason(Api.MergePatchAsync(Widget("a"), Json("""{"spec":{"size":99}}"""))));
        Assert.Equal("red", (string?)(await Api.GetAsync(Widget("a"))).Json["spec"]!["color"]);
    }

    [ConformanceFact]
    public async Task The_selector_of_a_deployment_must_match_its_template_and_never_changes()
    {
        var path = $"/apis/apps/v1/namespaces/{Ns}/deployments";
        var wrong = Deployment("wrong", 1);
        wrong["spec"]!["template"]!["metadata"]!["labels"] = Json("""{"app":"other"}""");
        await Api.CreatedAsync(path, Deployment("a", 1));

        var mismatch = await Api.PostAsync(path, wrong);
        var changed = await Api.MergePatchAsync($"{path}/a", Json("""{"spec":{"selector":{"matchLabels":{"app":"b"}},"template":{"metadata":{"labels":{"app":"b"}}}}}"""));

        Assert.Equal((422, "Invalid"), (mismatch.Code, mismatch.Reason));
        Assert.Contains(("FieldValueInvalid", "spec.selector"), changed.Causes);
    }
}
