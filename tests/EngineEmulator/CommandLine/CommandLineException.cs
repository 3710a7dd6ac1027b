namespace LlmOps.EngineEmulator.CommandLine;

/// <summary>A command line that the real engine would refuse; the process ends with code 2, as argparse and clap do.</summary>
internal sealed class CommandLineException(string message) : Exception(message);
