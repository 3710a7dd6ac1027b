using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Gathering;
using LlmOps.Operator.Resources;

namespace LlmOps.Operator.Controllers;

/// <summary>What <see cref="LastOutcomes"/> keeps of each kind.</summary>
internal sealed class OutcomeFacts(ClusterView cluster)
{
    /// <summary>Of long lists the beginning is enough to see what is wrong.</summary>
    private const int Most = 20;

    public static Outcome Of(PromptVersion prompt) => OfReady(prompt.Status?.Conditions);

    public static Outcome Of(EvalGate gate) => OfReady(gate.Status?.Conditions);

    public static Outcome Of(EvalRun run) => new(run.Status?.Verdict ?? run.Status?.Phase ?? "Unknown", run.Status?.Reason, run.Status?.Message);

    public static Outcome Of(RolloutAction action) => new(action.Status?.Phase ?? "NotAnswered", OfReady(action.Status?.Conditions).Reason, action.Status?.Message);

    public IEnumerable<string> Basis(PromptVersion prompt) =>
        cluster.LlmDeployments.ListByIndex(Indexes.Prompt, Indexes.Value(prompt.Metadata.Namespace, prompt.Metadata.Name!)).Take(Most).Select(Describe);

    public IEnumerable<string> Basis(EvalGate gate)
    {
        var ns = gate.Metadata.Namespace!;
        return [
            .. Indexes.JudgesOf(gate).Take(Most).Select(judge => Seen(cluster.LlmDeployments, ns, judge[(ns.Length + 1)..])),
            .. Indexes.PromptsOf(gate).Take(Most).Select(prompt => Seen(cluster.PromptVersions, ns, prompt[(ns.Length + 1)..])),
        ];
    }

    public IEnumerable<string> Basis(EvalRun run)
    {
        var (ns, name) = (run.Metadata.Namespace!, run.Metadata.Name!);
        return [Seen(cluster.EvalGates, ns, run.Spec.Gate), Seen(cluster.Jobs, ns, name), Seen(cluster.ConfigMaps, ns, ObjectNames.Report(name))];
    }

    public IEnumerable<string> Basis(RolloutAction action) => [Seen(cluster.LlmDeployments, action.Metadata.Namespace!, action.Spec.Deployment)];

    private static Outcome OfReady(IEnumerable<Condition>? conditions)
    {
        var ready = conditions?.FirstOrDefault(condition => condition.Type == ConditionTypes.Ready);
        return new(ready?.Status switch { "True" => "Ready", "False" => "NotReady", _ => "Unknown" }, ready?.Reason, ready?.Message);
    }

    private static string Seen<T>(WatchedKind<T> kind, string ns, string name)
        where T : class, IResource<T> => kind.Store.Get(new(ns, name)) is { } obj ? Describe(obj) : $"{T.ResourceKind.Kind} {name}, which is not there";

    private static string Describe<T>(T obj)
        where T : class, IResource<T> => $"{T.ResourceKind.Kind} {obj.Metadata.Name}, resourceVersion {obj.Metadata.ResourceVersion}";
}
