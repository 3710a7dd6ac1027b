using System.Runtime.InteropServices;

namespace LlmOps.Images;

/// <summary>The .NET and ASP.NET Core that run this program, which are those of the SDK that builds the images: a layer that all of them share.</summary>
/// <param name="Root">Its folder, with <c>dotnet</c>, <c>host</c> and <c>shared</c> in it.</param>
/// <param name="Version">Such as 10.0.1.</param>
internal sealed record DotnetRuntime(string Root, string Version)
{
    /// <summary>Where it is in an image: programs look there without being told.</summary>
    public const string Place = "usr/share/dotnet";

    private const string Core = "Microsoft.NETCore.App";
    private const string AspNetCore = "Microsoft.AspNetCore.App";

    /// <summary>For <c>dotnet publish</c>, such as linux-x64.</summary>
    public static string Identifier => $"linux-{RuntimeInformation.OSArchitecture.ToString().ToLowerInvariant()}";

    /// <summary>As images name it, such as amd64.</summary>
    public static string Architecture => RuntimeInformation.OSArchitecture switch
    {
        System.Runtime.InteropServices.Architecture.X64 => "amd64",
        System.Runtime.InteropServices.Architecture.Arm64 => "arm64",
        var other => throw new PlatformNotSupportedException($"images are built on x64 and arm64, this is {other}"),
    };

    /// <exception cref="InvalidOperationException">ASP.NET Core of the same version is not beside it.</exception>
    public static DotnetRuntime OfThisProcess()
    {
        var found = new DotnetRuntime(Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..")), Environment.Version.ToString());
        return Directory.Exists(Path.Combine(found.Root, "shared", AspNetCore, found.Version))
            ? found
            : throw new InvalidOperationException($"{found.Root} has no ASP.NET Core {found.Version}: install the .NET SDK with it");
    }

    /// <summary>Its files, without the SDK and without other versions.</summary>
    public IReadOnlyList<string> Files =>
    [
        "LICENSE.txt", "ThirdPartyNotices.txt", "dotnet",
        $"host/fxr/{Version}", $"shared/{Core}/{Version}", $"shared/{AspNetCore}/{Version}",
    ];

    /// <summary>The packages that hold these files, by name and version.</summary>
    public IEnumerable<(string Name, string Version)> Packages => new[] { Core, AspNetCore }.Select(name => ($"{name}.Runtime.{Identifier}", Version));
}
