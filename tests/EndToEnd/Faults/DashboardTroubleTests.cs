using LlmOps.EndToEnd.Product;
using LlmOps.LocalCluster;
using LlmOps.Testing;
using Xunit;
using Xunit.Abstractions;

namespace LlmOps.EndToEnd.Faults;

/// <summary>The queries of the dashboards that are empty on good days, on a bad one: engines that fail and an API server that is away.</summary>
[Collection(FaultGroup.Name)]
public sealed class DashboardTroubleTests(FaultBed bed, ITestOutputHelper output)
{
    [RealApiServerFact]
    public async Task Every_query_of_the_dashboards_that_tells_of_trouble_is_answered_when_there_is_some()
    {
        Assert.True(PrometheusServer.Problem is null, PrometheusServer.Problem);
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        var ct = limit.Token;
        await using var scene = await FaultScene.CreateAsync(bed, ct);
        await using (var first = await OperatorProcess.StartAsync("first", bed.Accounts.OperatorKubeconfig, scene.Namespace))
            await scene.ServeAsync(ct, replicas: 2);

        // A request that fails in one pod is tried in the other, and then its user is told.
        await FaultScene.FailAsync(await scene.PodsAsync(scene.Status.Stable!, ct), ct);
        await Eventually.TrueAsync(() => scene.UserFailures.Count > 0, FaultBed.Patience, "users to get errors", ct);

        await bed.ControlPlane.KillApiServerAsync();
        await using var second = await OperatorProcess.StartAsync("second", bed.Accounts.OperatorKubeconfig, scene.Namespace);
        await using var prometheus = await PrometheusServer.StartAsync(
            [.. new[] { second.MetricsAddress, $"127.0.0.1:{bed.GatewayAdminPort}" }.Select(address => new ScrapeTarget(address, new Dictionary<string, string>()))], TimeSpan.FromSeconds(1));
        var queries = new DashboardQueries(prometheus, scene.Namespace, query => query.IsTrouble);
        Assert.True(queries.Count > 5, $"{queries.Count} queries");
        try
        {
            await Eventually.TrueAsync(async token => await second.HasMetricAsync("informer_list_failures_total", token), FaultBed.Patience, () => $"an operator to fail at its lists; its log ends:\n{second.LogTail}", ct);
        }
        finally
        {
            await bed.ControlPlane.RestartApiServerAsync(CancellationToken.None);
        }

        // Two scrapes behind the last of it.
        await Eventually.TrueAsync(async token => await queries.AskAsync(token) == 0, FaultBed.Patience, () => $"not answered of {queries.Count}:\n{queries.Open}", ct);
        output.WriteLine($"{queries.Count} queries were answered");
    }
}
