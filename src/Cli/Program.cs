using LlmOps.Cli;

return await CommandLine.RunAsync(args, Host.OfProcess());
