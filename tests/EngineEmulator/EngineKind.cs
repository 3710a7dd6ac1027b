namespace LlmOps.EngineEmulator;

/// <summary>Whose endpoints, metric names and shutdown habits the emulator shows.</summary>
public enum EngineKind
{
    /// <summary>vLLM V1: labelled <c>vllm:*</c> metrics, aborts on SIGTERM unless told to drain.</summary>
    Vllm,

    /// <summary>Text Generation Inference 3.x: unlabelled <c>tgi_*</c> metrics, health that depends on the queue.</summary>
    Tgi,
}
