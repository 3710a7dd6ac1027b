using LlmOps.Bench;

return await BenchCommand.Create().Parse(args).InvokeAsync();
