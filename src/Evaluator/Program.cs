using System.CommandLine;
using LlmOps.Evaluator;
using LlmOps.Evaluator.Running;
using LlmOps.Kubernetes;

var plan = new Option<FileInfo>("--plan") { Description = "Plan of the run (plan.json).", Required = true };
var dataset = new Option<FileInfo>("--dataset") { Description = "Cases as JSON lines.", Required = true };
var report = new Option<string>("--report") { Description = "ConfigMap for the report, as NAMESPACE/NAME.", Required = true };
var digest = new Option<FileInfo?>("--digest") { Description = "File for the digest of the report, by which the operator knows it: the container's terminationMessagePath. Default: none." };
var kubeconfig = new Option<string?>("--kubeconfig") { Description = "Kubeconfig. Default: the cluster that this pod runs in." };
var command = new RootCommand("Sends the cases of a gate to a candidate and to the release that serves, scores the answers, and reports counts.")
{
    plan, dataset, report, digest, kubeconfig,
};
command.SetAction(async (arguments, ct) => await EvaluationJob.RunAsync(
    arguments.GetRequiredValue(plan).FullName,
    arguments.GetRequiredValue(dataset).FullName,
    arguments.GetRequiredValue(report),
    arguments.GetValue(digest)?.FullName,
    EngineKeys.Read(Environment.GetEnvironmentVariable),
    () => KubernetesClientConfiguration.Load(arguments.GetValue(kubeconfig)),
    TimeProvider.System,
    Console.Error,
    ct));
return await command.Parse(args).InvokeAsync();
