using System.CommandLine;
using LlmOps.Manifests;

var crds = new Option<string>("--output") { Description = "Folder of the CRDs.", DefaultValueFactory = _ => "crds" };
var rbac = new Option<string>("--rbac") { Description = "Folder of the roles.", DefaultValueFactory = _ => Path.Combine("config", "rbac") };
var docs = new Option<string>("--docs") { Description = "Folder of the documentation.", DefaultValueFactory = _ => "docs" };
var write = new Option<bool>("--write") { Description = "Write the files." };
var check = new Option<bool>("--check") { Description = "Write nothing; fail where the files differ from the types." };
var command = new RootCommand("Generates CRDs, RBAC and pages of the documentation from the types and the tables beside the code.") { crds, rbac, docs, write, check };
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
        new(arguments.GetRequiredValue(rbac), GeneratedFiles.Rbac()),
        new(arguments.GetRequiredValue(docs), GeneratedFiles.Documents()),
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
});
return command.Parse(args).Invoke();
