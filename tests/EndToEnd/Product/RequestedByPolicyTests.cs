using LlmOps.Demo.Cluster;
using LlmOps.LocalCluster;
using LlmOps.Testing;
using Xunit;

namespace LlmOps.EndToEnd.Product;

/// <summary><c>config/policy</c> on a server that evaluates it: who acts cannot act in somebody else's name. Needs no operator.</summary>
public sealed class RequestedByPolicyTests
{
    private const string Namespace = "team-a";
    private const string Alice = "alice@example.com";
    private const string Robot = $"system:serviceaccount:{Namespace}:robot";

    [RealApiServerFact]
    public async Task A_RolloutAction_is_accepted_only_in_the_name_of_who_creates_it()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        var ct = limit.Token;
        await using var plane = await ControlPlane.StartAsync(ct: ct);
        var admin = new Kubectl(plane.KubeconfigPath);
        await admin.ApplyAsync(Path.Combine(Workspace.Repository, "crds"), null, ct);
        await admin.EstablishedAsync(ct, "crd/rolloutactions.llmops.dev");
        await admin.ApplyAsync(Path.Combine(Workspace.Repository, "config", "rbac", "users.yaml"), null, ct);
        await admin.RunAsync(ct, "create", "namespace", Namespace);
        await admin.RunAsync(ct, "-n", Namespace, "create", "serviceaccount", "robot");
        await admin.RunAsync(ct, "-n", Namespace, "create", "rolebinding", "approvers", "--clusterrole=llmops-approve", $"--user={Alice}", "--user=bob@example.com", $"--serviceaccount={Namespace}:robot");
        var token = (await admin.RunAsync(ct, "-n", Namespace, "create", "token", "robot")).Trim();

        // Two people whom an administrator impersonates, and an account with a credential of its own.
        Actor alice = new("alice", admin, ["--as", Alice]), bob = new("bob", admin, ["--as", "bob@example.com"]), robot = new("robot", new Kubectl(await WithTokenAsync(plane, token, ct)), []);
        await Eventually.TrueAsync(async _ => await TryAsync(bob, Alice, ct) is null, TimeSpan.FromSeconds(60), () => "without the policy anything may be claimed", ct);

        await admin.ApplyAsync(Path.Combine(Workspace.Repository, "config", "policy", "requested-by.yaml"), null, ct);
        await Eventually.TrueAsync(async _ => await TryAsync(bob, Alice, ct) is not null, TimeSpan.FromSeconds(60), () => "the policy is in effect", ct);

        await AssertRefusedAsync(bob, Alice, "bob@example.com", ct);
        await AssertRefusedAsync(bob, null, "bob@example.com", ct);
        await AssertRefusedAsync(robot, Alice, Robot, ct);
        await AssertRefusedAsync(alice, Robot, Alice, ct);
        Assert.Null(await TryAsync(alice, Alice, ct));
        Assert.Null(await TryAsync(robot, Robot, ct));
        // The administrator too: the policy knows no exceptions.
        await AssertRefusedAsync(new("admin", admin, []), Alice, (await admin.RunAsync(ct, "auth", "whoami", "-o", "jsonpath={.status.userInfo.username}")).Trim(), ct);
    }

    private static async Task AssertRefusedAsync(Actor actor, string? claim, string name, CancellationToken ct)
    {
        var refusal = await TryAsync(actor, claim, ct);
        Assert.NotNull(refusal);
        Assert.Contains("ValidatingAdmissionPolicy 'llmops-rolloutaction-requested-by'", refusal, StringComparison.Ordinal);
        Assert.Contains($"set spec.requestedBy to {name}: it records who acts", refusal, StringComparison.Ordinal);
    }

    /// <summary>Creates an action in somebody's name; what kubectl said where it was refused.</summary>
    private static async Task<string?> TryAsync(Actor actor, string? claim, CancellationToken ct)
    {
        var file = Path.Combine(Directory.CreateTempSubdirectory("e2e").FullName, "action.yaml");
        var requestedBy = claim is null ? string.Empty : $", requestedBy: \"{claim}\"";
        await File.WriteAllTextAsync(
            file,
            $$"""
            apiVersion: llmops.dev/v1alpha1
            kind: RolloutAction
            metadata: {generateName: {{actor.Name}}-}
            spec: {deployment: chat, action: Abort{{requestedBy}}}
            """,
            ct);
        try
        {
            await actor.Kubectl.RunAsync(ct, ["-n", Namespace, .. actor.Arguments, "create", "-f", file]);
            return null;
        }
        catch (InvalidOperationException refused)
        {
            return refused.Message;
        }
    }

    /// <summary>A kubeconfig that has a token and none of the administrator's certificates.</summary>
    private static async Task<string> WithTokenAsync(ControlPlane plane, string token, CancellationToken ct)
    {
        var file = Path.Combine(Directory.CreateTempSubdirectory("e2e").FullName, "kubeconfig");
        await File.WriteAllTextAsync(
            file,
            $$$"""
            apiVersion: v1
            kind: Config
            current-context: robot
            contexts: [{name: robot, context: {cluster: local, user: robot}}]
            clusters: [{name: local, cluster: {server: "{{{plane.Server}}}", certificate-authority: "{{{Path.Combine(plane.DataDirectory, "pki", "ca.crt")}}}"}}]
            users: [{name: robot, user: {token: "{{{token}}}"}}]
            """,
            ct);
        return file;
    }

    private sealed record Actor(string Name, Kubectl Kubectl, IReadOnlyList<string> Arguments);
}
