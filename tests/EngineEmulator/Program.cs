using LlmOps.EngineEmulator;

return await EngineProcess.RunAsync(args, Console.Out, Console.Error);
