using System.CommandLine;
using LlmOps.Images;

var output = new Option<string>("--output") { Description = "Folder of the archives.", DefaultValueFactory = _ => Path.Combine("artifacts", "images") };
var work = new Option<string>("--work") { Description = "Folder of what is downloaded.", DefaultValueFactory = _ => Path.Combine(Environment.GetEnvironmentVariable("LLMOPS_WORK") ?? ".work", "images") };
var version = new Option<string>("--version-tag") { Description = "Version of the product, and tag of the images.", DefaultValueFactory = _ => "dev" };
var revision = new Option<string>("--revision") { Description = "Commit that is built.", DefaultValueFactory = _ => "unknown" };
var names = new Option<string[]>("--target") { Description = "Image to build; once for each. Default: all.", DefaultValueFactory = _ => [.. ImageTarget.All.Select(target => target.Name)] };
names.AcceptOnlyFromAmong([.. ImageTarget.All.Select(target => target.Name)]);
var command = new RootCommand("Builds the images as OCI archives, without a container engine. Run it in the repository's root.") { output, work, version, revision, names };
command.SetAction(async (arguments, ct) =>
{
    if (OperatingSystem.IsWindows())
    {
        await Console.Error.WriteLineAsync("images: archives are built on Linux");
        return 1;
    }

    try
    {
        var (folder, root) = (Path.GetFullPath(arguments.GetRequiredValue(output)), Path.GetFullPath(arguments.GetRequiredValue(work)));
        await Publishing.FetchBaseAsync(Directory.GetCurrentDirectory(), root, ct);
        var builder = new ArchiveBuilder(Directory.GetCurrentDirectory(), folder, root, DotnetRuntime.OfThisProcess());
        foreach (var target in ImageTarget.All.Where(target => arguments.GetRequiredValue(names).Contains(target.Name)))
        {
            var file = await builder.BuildAsync(target, arguments.GetRequiredValue(version), arguments.GetRequiredValue(revision), ct);
            Console.WriteLine($"{Path.GetRelativePath(Directory.GetCurrentDirectory(), file)}  llmops/{target.Name}:{arguments.GetRequiredValue(version)}  {new FileInfo(file).Length / 1048576.0:0.0} MiB");
        }

        return 0;
    }
    catch (Exception failure) when (failure is InvalidOperationException or PlatformNotSupportedException)
    {
        await Console.Error.WriteLineAsync($"images: {failure.Message}");
        return 1;
    }
});
return await command.Parse(args).InvokeAsync();
