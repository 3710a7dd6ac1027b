using System.CommandLine;
using LlmOps.LocalCluster.Commands;

var root = new RootCommand("The test bed: a local Kubernetes API, simulated GPU nodes, and the tools to look at them.")
{
    ToolsCommand.Create(),
    ServeCommand.Create(),
};
return await root.Parse(args).InvokeAsync();
