using Xunit;

namespace LlmOps.Kubernetes.Tests;

public sealed class RequestBuilderTests
{
    private static readonly ResourceKind Core = new(string.Empty, "v1", "ConfigMap", "configmaps");
    private static readonly ResourceKind Grouped = new("llmops.dev", "v1alpha1", "LlmDeployment", "llmdeployments");
    private static readonly ResourceKind Cluster = new(string.Empty, "v1", "Node", "nodes", Namespaced: false);
    private static readonly ObjectKey Key = new("ns", "x");

    public static TheoryData<string, string> Requests()
    {
        var noTimeout = TimeSpan.FromSeconds(301.7);
        return new()
        {
            { Text(RequestBuilder.Get(Core, Key)), "GET /api/v1/namespaces/ns/configmaps/x" },
            { Text(RequestBuilder.Get(Grouped, Key, "scale")), "GET /apis/llmops.dev/v1alpha1/namespaces/ns/llmdeployments/x/scale" },
            { Text(RequestBuilder.Get(Cluster, new(string.Empty, "n1"))), "GET /api/v1/nodes/n1" },
            { Text(RequestBuilder.List(Core, null, new())), "GET /api/v1/configmaps" },
            { Text(RequestBuilder.List(Core, "ns", new() { Limit = 5, Continue = "a/b+c=" })), "GET /api/v1/namespaces/ns/configmaps?limit=5&continue=a%2Fb%2Bc%3D" },
            {
                Text(RequestBuilder.List(Core, "ns", new() { LabelSelector = "a=b,c in (d,e)", FieldSelector = "metadata.name=x", ResourceVersion = "0" })),
                "GET /api/v1/namespaces/ns/configmaps?labelSelector=a%3Db%2Cc%20in%20%28d%2Ce%29&fieldSelector=metadata.name%3Dx&resourceVersion=0"
            },
            {
                Text(RequestBuilder.Watch(Grouped, null, new() { ResourceVersion = "7" }, noTimeout)),
                "GET /apis/llmops.dev/v1alpha1/llmdeployments?watch=true&resourceVersion=7&allowWatchBookmarks=true&timeoutSeconds=301"
            },
            {
                Text(RequestBuilder.Watch(Core, "ns", new() { SendInitialEvents = true }, noTimeout)),
                "GET /api/v1/namespaces/ns/configmaps?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=301"
            },
            { Text(RequestBuilder.Create(Core, "ns", "m")), "POST /api/v1/namespaces/ns/configmaps?fieldManager=m application/json" },
            { Text(RequestBuilder.Replace(Core, Key, "status", "m")), "PUT /api/v1/namespaces/ns/configmaps/x/status?fieldManager=m application/json" },
            { Text(RequestBuilder.Delete(Core, Key)), "DELETE /api/v1/namespaces/ns/configmaps/x application/json" },
            { Text(RequestBuilder.MergePatch(Core, Key, null, "m")), "PATCH /api/v1/namespaces/ns/configmaps/x?fieldManager=m application/merge-patch+json" },
            { Text(RequestBuilder.JsonPatch(Core, Key, null, "m")), "PATCH /api/v1/namespaces/ns/configmaps/x?fieldManager=m application/json-patch+json" },
            { Text(RequestBuilder.Apply(Core, Key, null, "m", force: true)), "PATCH /api/v1/namespaces/ns/configmaps/x?fieldManager=m&force=true application/apply-patch+yaml" },
            { Text(RequestBuilder.Apply(Grouped, Key, "status", "m", force: false)), "PATCH /apis/llmops.dev/v1alpha1/namespaces/ns/llmdeployments/x/status?fieldManager=m&force=false application/apply-patch+yaml" },
        };
    }

    private static string Text(ApiRequest request) => $"{request.Method} {request.PathAndQuery} {request.ContentType}".TrimEnd();

    [Theory]
    [MemberData(nameof(Requests))]
    public void A_request_is_what_the_API_conventions_say(string actual, string expected) => Assert.Equal(expected, actual);

    [Fact]
    public void An_object_without_a_name_is_refused_because_its_path_would_be_the_whole_collection() =>
        Assert.Throws<ArgumentException>(() => RequestBuilder.Delete(Core, new("ns", string.Empty)));

    [Fact]
    public void A_namespaced_object_without_a_namespace_is_refused() =>
        Assert.Throws<ArgumentException>(() => RequestBuilder.Get(Core, new(string.Empty, "x")));

    [Fact]
    public void Only_create_and_merge_patch_are_not_idempotent()
    {
        Assert.False(RequestBuilder.Create(Core, "ns", "m").IsIdempotent);
        Assert.False(RequestBuilder.MergePatch(Core, Key, null, "m").IsIdempotent);
        Assert.True(RequestBuilder.Apply(Core, Key, null, "m", true).IsIdempotent);
        Assert.True(RequestBuilder.Replace(Core, Key, null, "m").IsIdempotent);
    }

    /// <summary>Each would lead to another place than the object: for a delete, a disaster.</summary>
    [Theory]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("a/b")]
    [InlineData("../../secrets")]
    [InlineData("a%2Fb")]
    public void A_name_that_no_object_can_have_is_not_put_into_a_path(string name) =>
        Assert.Throws<ArgumentException>(() => RequestBuilder.Delete(Core, new("ns", name)));
}
