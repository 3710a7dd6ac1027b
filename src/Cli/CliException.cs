namespace LlmOps.Cli;

/// <summary>A failure that is a sentence for the user and an exit code.</summary>
internal sealed class CliException(string message, int exitCode = ExitCodes.CannotAsk, Exception? cause = null) : Exception(message, cause)
{
    public int ExitCode => exitCode;
}
