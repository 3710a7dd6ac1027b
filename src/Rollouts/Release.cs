namespace LlmOps.Rollouts;

/// <summary>What is released, by its hashes. Two releases are the same exactly when <see cref="Hash"/> is.</summary>
/// <param name="Hash">Hash of the whole release.</param>
/// <param name="ServingHash">Hash of the half that needs pods: model, engine, resources, pod template.</param>
/// <param name="PromptHash">Hash of the half that does not: prompt content, sampling parameters, artifacts.</param>
public sealed record Release(string Hash, string ServingHash, string PromptHash);
