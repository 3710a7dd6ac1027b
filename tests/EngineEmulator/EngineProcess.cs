using System.Net;
using System.Runtime.InteropServices;
using LlmOps.EngineEmulator.Catalog;
using LlmOps.EngineEmulator.CommandLine;

namespace LlmOps.EngineEmulator;

/// <summary>The emulator as the process of a pod: command line, exit codes and signals of the real engine.</summary>
internal static class EngineProcess
{
    /// <summary>The loopback address of the pod that this process plays; wins over <c>--host</c>.</summary>
    public const string BindAddressVariable = "LLMOPS_BIND_ADDRESS";

    private const int Usage = 2;
    private const int Failure = 1;

    /// <summary>Runs until SIGTERM or SIGINT; gives the exit code.</summary>
    public static async Task<int> RunAsync(string[] arguments, TextWriter output, TextWriter error)
    {
        // Before the load: a pod that is deleted while it loads must end at once.
        using var stopping = new CancellationTokenSource();
        using var term = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        try
        {
            var command = EngineCommand.Parse(arguments, Environment.GetEnvironmentVariable);
            var options = OptionsOf(command);
            await output.WriteLineAsync($"INFO: Starting to load model {command.Model} (revision {command.Revision ?? "main"})...");
            await using var server = await EmulatorServer.StartAsync(options, stopping.Token);
            await output.WriteLineAsync($"INFO: Uvicorn running on {server.Address} (Press CTRL+C to quit)");
            await WaitAsync(stopping.Token);
            await output.WriteLineAsync("INFO: Shutting down");
            await server.StopAsync(CancellationToken.None);
            return 0;
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            return 0;
        }
        catch (CommandLineException e)
        {
            await error.WriteLineAsync($"usage: {(arguments is ["tgi", ..] ? "text-generation-launcher [OPTIONS]" : "vllm serve [model_tag] [options]")}\nerror: {e.Message}");
            return Usage;
        }
        catch (EmulatorCrashException e)
        {
            if (e.Message.Length > 0)
                await error.WriteLineAsync(e.Message);
            return e.ExitCode;
        }
        catch (Exception e) when (e is IOException or InvalidDataException or System.Text.Json.JsonException or UnauthorizedAccessException)
        {
            // A port that is taken, a catalogue or data file that is missing or broken.
            await error.WriteLineAsync($"{e.GetType().Name}: {e.Message}");
            return Failure;
        }

        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            stopping.Cancel();
        }
    }

    private static EmulatorOptions OptionsOf(EngineCommand command)
    {
        var path = Environment.GetEnvironmentVariable(ModelCatalog.PathVariable)
            ?? throw new EmulatorCrashException(Failure, $"{ModelCatalog.PathVariable} is not set: it names the JSON file of the models that exist");
        var catalog = ModelCatalog.Load(path);
        var id = ModelProfile.StripScheme(command.Model);
        if (!catalog.Knows(id, command.Engine))
        {
            throw new EmulatorCrashException(Failure,
                $"huggingface_hub.errors.RepositoryNotFoundError: 404 Client Error. Repository Not Found for url: https://huggingface.co/api/models/{id}.");
        }

        var profile = catalog.Find(id, command.Revision, command.Engine) ?? throw new EmulatorCrashException(Failure,
            $"huggingface_hub.errors.RevisionNotFoundError: 404 Client Error. Revision Not Found for url: https://huggingface.co/api/models/{id}/revision/{command.Revision ?? "main"}.");
        return new EmulatorOptions
        {
            Engine = command.Engine,
            Profile = profile,
            Revision = command.Revision,
            ServedNames = command.ServedNames,
            Host = BindAddress(command.Host),
            Port = command.Port,
            MaxNumSeqs = command.MaxNumSeqs,
            MaxModelLen = command.MaxModelLen,
            MaxConcurrentRequests = command.MaxConcurrentRequests,
            ShutdownTimeout = command.ShutdownTimeout,
            ApiKey = command.ApiKey,
        };
    }

    /// <summary>Pods are processes that share one machine: none may listen on all addresses.</summary>
    private static string BindAddress(string host)
    {
        if (Environment.GetEnvironmentVariable(BindAddressVariable) is { Length: > 0 } bound)
            return bound;
        return IPAddress.TryParse(host, out var address) && !address.Equals(IPAddress.Any) && !address.Equals(IPAddress.IPv6Any)
            ? host
            : "127.0.0.1";
    }

    private static async Task WaitAsync(CancellationToken cancellationToken)
    {
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = cancellationToken.Register(stopped.SetResult);
        await stopped.Task;
    }
}
