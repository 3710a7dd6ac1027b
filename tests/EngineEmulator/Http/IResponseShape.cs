using System.Buffers;
using LlmOps.EngineEmulator.Generation;

namespace LlmOps.EngineEmulator.Http;

/// <summary>How one endpoint words an answer. One instance a request.</summary>
internal interface IResponseShape
{
    /// <summary>Server-sent events: what comes before the first token, once the prefill is done.</summary>
    void Begin(IBufferWriter<byte> output);

    /// <summary>Server-sent events: the current token.</summary>
    void Token(IBufferWriter<byte> output, RunningRequest running);

    /// <summary>Server-sent events: the end, usage and end mark included.</summary>
    void End(IBufferWriter<byte> output, RunningRequest running, FinishReason finish);

    /// <summary>Server-sent events: an error in the middle, end mark included.</summary>
    void Error(IBufferWriter<byte> output);

    /// <summary>The whole answer as one JSON document.</summary>
    void Whole(IBufferWriter<byte> output, RunningRequest running, FinishReason finish);
}
