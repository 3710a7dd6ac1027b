namespace LlmOps.Kubernetes;

/// <summary>A kubeconfig, certificate or token that cannot be used. The message says which, and what to do.</summary>
public sealed class KubernetesConfigurationException(string message, Exception? innerException = null)
    : Exception(message, innerException);
