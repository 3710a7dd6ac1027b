using System.CommandLine;
using LlmOps.Operator.Hosting;

// Reconciles that run end first and the lease is released: that takes a moment, but less than the pod's grace period.
var invocation = new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromSeconds(4.5) };
return await OperatorCommand.Create().Parse(args).InvokeAsync(invocation);
