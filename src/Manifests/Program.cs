using System.CommandLine;
using LlmOps.Manifests;
using LlmOps.Manifests.Charts;

var crds = new Option<string>("--output") { Description = "Folder of the CRDs.", DefaultValueFactory = _ => "crds" };
var config = new Option<string>("--config") { Description = "Folder of the kustomizations.", DefaultValueFactory = _ => "config" };
var chart = new Option<string>("--chart") { Description = "Folder of the Helm chart.", DefaultValueFactory = _ => Path.Combine("charts", "llmops") };
var docs = new Option<string>("--docs") { Description = "Folder of the documentation.", DefaultValueFactory = _ => "docs" };
var write = new Option<bool>("--write") { Description = "Write the files." };
var check = new Option<bool>("--check") { Description = "Write nothing; fail where the files differ from the types." };
var command = new RootCommand("Generates CRDs, RBAC, the chart's copies of them and pages of the documentation from the types and the tables beside the code.") { crds, config, chart, docs, write, check };
command.Validators.Add(arguments =>
{
    if (arguments.GetValue(write) == arguments.GetValue(check))
        arguments.AddError("give either --write or --check");
});
command.SetAction(arguments =>
{
    OutputFolder[] folders =
    [
        new(arguments.GetRequiredValue(crds), GeneratedFiles.CustomResources()),
        new(In(config, "rbac"), GeneratedFiles.Rbac()),
        new(In(config, "prometheus"), ChartFiles.Prometheus(arguments.GetRequiredValue(chart))),
        new(In(chart, "files", "crds"), GeneratedFiles.CustomResources()),
        new(In(chart, "files", "rbac"), ChartFiles.Rbac(arguments.GetRequiredValue(config))),
        new(In(chart, "files", "policy"), ChartFiles.Policies(arguments.GetRequiredValue(config))),
        new(arguments.GetRequiredValue(docs), GeneratedFiles.Documents()),
        new(In(docs, "resources"), GeneratedFiles.Resources()),
    ];
    if (arguments.GetValue(write))
    {
        foreach (var folder in folders)
            folder.Write();
        return 0;
    }

    var differences = folders.SelectMany(f => f.Differences()).ToArray();
    foreach (var difference in differences)
        Console.Error.WriteLine($"{difference}: run make manifests");
    return differences.Length == 0 ? 0 : 1;

    string In(Option<string> folder, params string[] below) => Path.Combine([arguments.GetRequiredValue(folder), .. below]);
});
return command.Parse(args).Invoke();
