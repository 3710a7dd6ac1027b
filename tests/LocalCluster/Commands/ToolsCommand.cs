using System.CommandLine;

namespace LlmOps.LocalCluster.Commands;

/// <summary><c>tools</c>: gets kubectl and helm, and with <c>--all</c> everything else that tests download or build.</summary>
internal static class ToolsCommand
{
    public static Command Create()
    {
        var all = new Option<bool>("--all") { Description = "Also build the local control plane and unpack the real engine, Prometheus, Lua and Chromium." };
        var command = new Command("tools", "Get kubectl and helm; print their paths as KUBECTL= and HELM=.") { all };
        command.SetAction(async (parsed, ct) =>
        {
            var kubectl = await Tools.KubectlPathAsync(Console.Error.WriteLine, ct);
            var helm = await Tools.HelmPathAsync(Console.Error.WriteLine, ct);
            if (parsed.GetValue(all))
            {
                await ControlPlaneBinaries.EnsureAsync(Console.Error.WriteLine, ct);
                await RealEngine.PrepareAsync(Console.Error.WriteLine, ct);
                await PrometheusServer.PrepareAsync(Console.Error.WriteLine, ct);
                await LuaInterpreter.RunAsync("return", ct);
                await Browser.PrepareAsync(Console.Error.WriteLine, ct);
            }

            Console.WriteLine($"KUBECTL={kubectl}");
            Console.WriteLine($"HELM={helm}");
            return 0;
        });
        return command;
    }
}
