using System.CommandLine;
using LlmOps.LocalCluster.Commands;

var root = new RootCommand("The test bed: a local Kubernetes API, simulated GPU nodes, and the tools to look at them.")
{
    UpCommand.Create(),
    ToolsCommand.Create(),
    ServeCommand.Create(),
};

// Pods get their grace period when the cluster is told to end.
return await root.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromSeconds(30) });
