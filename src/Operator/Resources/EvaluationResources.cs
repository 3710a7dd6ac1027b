using System.Text.Json;
using LlmOps.Api;
using LlmOps.Kubernetes;
using LlmOps.Operator.Engines;

namespace LlmOps.Operator.Resources;

/// <summary>What one EvalRun needs to run: a Job that may read its plan and data set and write its report, and nothing else. Pure.</summary>
internal static class EvaluationResources
{
    public const string ContainerName = "evaluator";

    private const string PlanDirectory = "/etc/llmops/plan";
    private const string DatasetDirectory = "/etc/llmops/dataset";

    /// <summary>Retries of a run that died of something that may pass.</summary>
    private const int Retries = 2;

    /// <summary>What a Job gets beyond the budget of the gate, for scheduling and for writing the report.</summary>
    private static readonly TimeSpan Slack = TimeSpan.FromMinutes(5);

    /// <summary>The run of a gate step.</summary>
    public static EvalRun Run(LlmDeployment owner, string name, EvalRunSpec spec) => new()
    {
        Metadata = OwnedMetadata.Of(owner, name),
        Spec = spec,
    };

    /// <summary>Where a release is asked; null where its engine is not known here.</summary>
    public static EvalTarget? Target(LlmDeployment owner, string releaseHash, string servingHash, ReleaseSnapshot snapshot) => EngineCatalog.Find(snapshot.Engine.Type) is { } engine
        ? new EvalTarget
        {
            Release = releaseHash,
            Url = ServingResources.ServiceUrl(owner, servingHash, engine),
            ServedName = engine.ServedName(owner.Metadata.Name!, snapshot.Model),
            Prompt = snapshot.Prompt?.Name,
            ApiKeySecretRef = snapshot.Engine.ApiKeySecretRef,
        }
        : null;

    public static ConfigMap Plan(EvalRun run, EvaluationPlan plan) => new()
    {
        Metadata = OwnedMetadata.Of(run, ObjectNames.Plan(run.Metadata.Name!)),
        Data = new Dictionary<string, string> { [EvaluationContract.PlanKey] = JsonSerializer.Serialize(plan, ApiJson.Default.EvaluationPlan) },
    };

    /// <summary>The report, empty: it is there before the Job is, so that the Job needs no right to create (which cannot be limited to a name).</summary>
    public static ConfigMap EmptyReport(EvalRun run) => new() { Metadata = OwnedMetadata.Of(run, ObjectNames.Report(run.Metadata.Name!)) };

    public static ServiceAccount ServiceAccount(EvalRun run) => new()
    {
        Metadata = OwnedMetadata.Of(run, run.Metadata.Name!),
        AutomountServiceAccountToken = false,
    };

    /// <summary>The right to read and apply the run's own report.</summary>
    public static Role Role(EvalRun run) => new()
    {
        Metadata = OwnedMetadata.Of(run, run.Metadata.Name!),
        Rules = [new PolicyRule { ApiGroups = [string.Empty], Resources = ["configmaps"], ResourceNames = [ObjectNames.Report(run.Metadata.Name!)], Verbs = ["get", "patch"] }],
    };

    public static RoleBinding RoleBinding(EvalRun run) => new()
    {
        Metadata = OwnedMetadata.Of(run, run.Metadata.Name!),
        RoleRef = new RoleRef { ApiGroup = "rbac.authorization.k8s.io", Kind = "Role", Name = run.Metadata.Name! },
        Subjects = [new RbacSubject { Kind = "ServiceAccount", Name = run.Metadata.Name!, Namespace = run.Metadata.Namespace }],
    };

    public static Job Job(EvalRun run, EvalGateSpec gate, string evaluatorImage)
    {
        var name = run.Metadata.Name!;
        var (volume, file) = Dataset(gate.Dataset);
        TimeSpan budget = gate.Budget?.MaxDuration ?? Defaults.EvaluationDuration;
        return new Job
        {
            Metadata = OwnedMetadata.Of(run, name),
            Spec = new JobSpec
            {
                Parallelism = 1,
                Completions = 1,
                BackoffLimit = Retries,
                ActiveDeadlineSeconds = (long)Math.Ceiling((budget + Slack).TotalSeconds),
                Template = new PodTemplateSpec
                {
                    Metadata = new ObjectMeta { Labels = OwnedMetadata.RunLabels(run) },
                    Spec = new PodSpec
                    {
                        RestartPolicy = "Never",
                        ServiceAccountName = name,
                        // The one pod of ours that talks to the API: it writes its report.
                        AutomountServiceAccountToken = true,
                        EnableServiceLinks = false,
                        SecurityContext = PodSecurity.Pod,
                        Containers = [Container(run, evaluatorImage, file)],
                        Volumes =
                        [
                            new Volume { Name = "plan", ConfigMap = new ConfigMapVolume { Name = ObjectNames.Plan(name) } },
                            volume,
                            new Volume { Name = "tmp", EmptyDir = new EmptyDirVolume() },
                        ],
                    },
                },
            },
        };
    }

    private static Container Container(EvalRun run, string image, string file) => new()
    {
        Name = ContainerName,
        Image = image,
        Args =
        [
            "--plan", $"{PlanDirectory}/{EvaluationContract.PlanKey}",
            "--dataset", $"{DatasetDirectory}/{file}",
            "--report", $"{run.Metadata.Namespace}/{ObjectNames.Report(run.Metadata.Name!)}",
            "--digest", EvaluationContract.DigestPath,
        ],
        // The root file system is read-only; .NET's diagnostics socket would go to /tmp.
        Env =
        [
            new EnvVar { Name = "DOTNET_EnableDiagnostics", Value = "0" },
            .. ApiKey(EvaluationContract.CandidateApiKey, run.Spec.Candidate.ApiKeySecretRef),
            .. ApiKey(EvaluationContract.BaselineApiKey, run.Spec.Baseline?.ApiKeySecretRef),
            .. (run.Spec.Judges ?? []).SelectMany((judge, index) => ApiKey(EvaluationContract.JudgeApiKey(index), judge.ApiKeySecretRef)),
        ],
        Resources = new ResourceRequirements
        {
            Requests = new Dictionary<string, string> { ["cpu"] = "100m", ["memory"] = "128Mi" },
            Limits = new Dictionary<string, string> { ["memory"] = "512Mi" },
        },
        VolumeMounts =
        [
            new VolumeMount { Name = "plan", MountPath = PlanDirectory, ReadOnly = true },
            new VolumeMount { Name = "dataset", MountPath = DatasetDirectory, ReadOnly = true },
            new VolumeMount { Name = "tmp", MountPath = "/tmp" },
        ],
        SecurityContext = PodSecurity.Own,
    };

    /// <summary>The API key of an engine: the plan never holds it.</summary>
    private static IEnumerable<EnvVar> ApiKey(string variable, SecretKeyReference? reference) => reference is { } secret
        ? [new EnvVar { Name = variable, ValueFrom = new EnvVarSource { SecretKeyRef = new KeySelector { Name = secret.Name, Key = secret.Key } } }]
        : [];

    private static (Volume Volume, string File) Dataset(DatasetSpec dataset) => dataset switch
    {
        { ConfigMap: { } source } => (new Volume { Name = "dataset", ConfigMap = new ConfigMapVolume { Name = source.Name, Items = [new KeyToPath { Key = source.Key, Path = source.Key }] } }, source.Key),
        { PersistentVolumeClaim: { } claim } => (new Volume { Name = "dataset", PersistentVolumeClaim = new PersistentVolumeClaimVolume { ClaimName = claim.ClaimName, ReadOnly = true } }, claim.Path),
        _ => throw new InvalidOperationException("The schema lets no data set without a source through."),
    };
}
