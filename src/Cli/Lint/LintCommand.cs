using System.CommandLine;
using LlmOps.Cli.Output;

namespace LlmOps.Cli.Lint;

/// <summary><c>lint</c>: manifests, without a cluster.</summary>
internal static class LintCommand
{
    private static readonly string[] Endings = [".yaml", ".yml", ".json"];

    public static Command Create(Shell shell)
    {
        var paths = new Argument<FileSystemInfo[]>("files") { Description = "Files of manifests, or folders (with all below them). - reads the standard input", Arity = ArgumentArity.OneOrMore };
        var strict = new Option<bool>("--strict") { Description = "Warnings count as errors" };
        var command = new Command("lint", "Checks manifests without a cluster, by the rules of the API server, and their references to each other") { paths, strict };
        return shell.Does(command, async (session, parsed, ct) =>
        {
            var (manifests, unreadable) = await ReadAsync(parsed.GetRequiredValue(paths), shell.Host, ct);
            var report = Linter.Check(manifests);
            report = report with { Findings = [.. unreadable, .. report.Findings] };
            if (!session.Writes(report, CliJson.Default.LintReport))
                Show(session, report);
            return report.Errors > 0 || (parsed.GetValue(strict) && report.Warnings > 0) ? ExitCodes.No : ExitCodes.Done;
        });
    }

    private static void Show(Session session, LintReport report)
    {
        foreach (var f in report.Findings)
            session.Show(Words.Line(($"{f.File}:{f.Line}:", null), (f.Severity, Words.StyleOf(f.Severity == Finding.Error ? Api.Verdicts.Fail : Api.Verdicts.Inconclusive)), ($"{(f.Object is { } o ? $"{o}: " : string.Empty)}{(f.Field.Length > 0 ? $"{f.Field}: " : string.Empty)}{f.Message}\n", null)));
        session.Line($"{report.Objects} objects, {report.Errors} errors, {report.Warnings} warnings");
    }

    private static async Task<(IReadOnlyList<Manifest> Manifests, IReadOnlyList<Finding> Unreadable)> ReadAsync(FileSystemInfo[] paths, Host host, CancellationToken ct)
    {
        var (manifests, unreadable) = (new List<Manifest>(), new List<Finding>());
        foreach (var (file, read) in paths.SelectMany(path => Files(path, host, ct)))
        {
            try
            {
                manifests.AddRange(Manifest.Read(file, await read()));
            }
            catch (FormatException e)
            {
                var (line, message) = e.Message.Split(": ", 2) is [var number, var rest] && int.TryParse(number, out var parsed) ? (parsed, rest) : (1, e.Message);
                unreadable.Add(new(Finding.Error, file, line, null, string.Empty, message));
            }
        }

        return (manifests, unreadable);
    }

    private static IEnumerable<(string File, Func<Task<string>> Read)> Files(FileSystemInfo path, Host host, CancellationToken ct)
    {
        if (path.ToString() == "-")
            return [("-", () => host.Input.ReadToEndAsync(ct))];
        if (Directory.Exists(path.FullName))
        {
            return Directory.EnumerateFiles(path.ToString(), "*", SearchOption.AllDirectories).Where(f => Endings.Contains(Path.GetExtension(f))).Order(StringComparer.Ordinal)
                .Select(f => (f, (Func<Task<string>>)(() => File.ReadAllTextAsync(f, ct))));
        }

        return File.Exists(path.FullName)
            ? [(path.ToString(), () => File.ReadAllTextAsync(path.FullName, ct))]
            : throw new CliException($"there is no file or folder {path}");
    }
}
