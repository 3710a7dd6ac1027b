using LlmOps.Kubernetes;
using LlmOps.Operator.Gathering;
using LlmOps.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace LlmOps.Operator.Tests.Gathering;

public sealed class OptionalKindTests
{
    /// <summary>Who was told of the only object before the kind counted as installed said that it is missing, and nobody woke it again.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task That_a_kind_is_installed_is_told_once_and_when_all_of_its_objects_are_known(bool hasObjects)
    {
        await using var server = await InProcessApiServer.StartAsync();
        server.InstallYaml(MinimalCrd.Of(VirtualService.ResourceKind));
        using var client = new KubernetesClient(server.Configuration);
        if (hasObjects)
            server.Seed(Samples.VirtualService());
        using var stop = new CancellationTokenSource();
        using var kind = new OptionalKind<VirtualService>(client, ["default"], new InformerOptions(), NullLogger.Instance, TimeProvider.System);
        var told = new List<string>();
        var isTold = new TaskCompletionSource();
        kind.OnChange(_ => told.Add($"an object, {kind.IsInstalled}"));
        kind.OnInstalled(() =>
        {
            told.Add($"installed, {kind.IsInstalled} with {(kind.Store.Get(new("default", "chat")) is null ? 0 : 1)}");
            isTold.TrySetResult();
        });
        var running = kind.RunAsync(stop.Token);
        await isTold.Task.WaitAsync(TimeSpan.FromSeconds(30));
        await stop.CancelAsync();
        await running;

        Assert.Equal(hasObjects ? ["an object, False", "installed, True with 1"] : ["installed, True with 0"], told);
    }
}
