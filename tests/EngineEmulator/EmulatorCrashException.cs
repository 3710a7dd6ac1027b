namespace LlmOps.EngineEmulator;

/// <summary>The emulated engine dies, as its catalogue entry says; the process ends with <see cref="ExitCode"/>.</summary>
public sealed class EmulatorCrashException(int exitCode, string standardError) : Exception(standardError)
{
    public int ExitCode => exitCode;
}
