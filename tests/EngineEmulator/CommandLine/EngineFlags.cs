namespace LlmOps.EngineEmulator.CommandLine;

/// <summary>
/// Flags that the real engines know (vLLM: <c>vllm serve --help=all</c> of 0.18; TGI: <c>text-generation-launcher --help</c>
/// of 3.3). A flag that is missing here makes an emulated pod crash, as a misspelt one makes a real pod crash.
/// </summary>
internal static class EngineFlags
{
    public static readonly IReadOnlyDictionary<string, FlagArity> Vllm = Table(
        none: """
            --trust-remote-code --enforce-eager --enable-lora --fully-sharded-loras --enable-prefix-caching --disable-sliding-window
            --enable-chunked-prefill --async-scheduling --enable-sleep-mode --enable-expert-parallel --enable-eplb --enable-dbo
            --disable-log-stats --disable-log-requests --enable-log-requests --enable-log-outputs --disable-uvicorn-access-log
            --allow-credentials --enable-auto-tool-choice --enable-request-id-headers --disable-fastapi-docs
            --enable-prompt-tokens-details --enable-force-include-usage --enable-server-load-tracking --return-tokens-as-token-ids
            --disable-frontend-multiprocessing --headless --disable-custom-all-reduce --skip-tokenizer-init --enable-prompt-embeds
            --disable-cascade-attn --enable-tokenizer-info-endpoint --ray-workers-use-nsight --calculate-kv-scales
            --enable-multimodal-encoder-data-parallel --skip-mm-profiling --disable-mm-preprocessor-cache --use-tqdm-on-load
            --data-parallel-hybrid-lb --data-parallel-external-lb --disable-hybrid-kv-cache-manager --enable-return-routed-experts
            --enable-layerwise-nvtx-tracing --cudagraph-metrics --kv-cache-metrics --enable-mfu-metrics --enable-ssl-refresh
            --h11-max-incomplete-event-size-check --trust-request-chat-template --enable-offline-docs --language-model-only
            """,
        one: """
            --model --runner --convert --task --tokenizer --tokenizer-mode --dtype --seed --hf-config-path --allowed-local-media-path
            --revision --code-revision --rope-scaling --rope-theta --tokenizer-revision --max-model-len --quantization -q
            --max-seq-len-to-capture --max-logprobs --logprobs-mode --hf-token --hf-overrides --override-neuron-config
            --override-pooler-config --pooler-config --generation-config --override-generation-config --model-impl
            --override-attention-dtype --config-format --load-format --download-dir --model-loader-extra-config
            --ignore-patterns --pt-load-map-location --safetensors-load-strategy --guided-decoding-backend
            --structured-outputs-config --reasoning-parser --reasoning-parser-plugin --distributed-executor-backend
            --pipeline-parallel-size -pp --tensor-parallel-size -tp --data-parallel-size -dp --data-parallel-rank -dpn
            --data-parallel-start-rank -dpr --data-parallel-size-local -dpl --data-parallel-address -dpa
            --data-parallel-rpc-port -dpp --data-parallel-backend -dpb --decode-context-parallel-size -dcp
            --prefill-context-parallel-size -pcp --eplb-config --expert-placement-strategy --all2all-backend
            --max-parallel-loading-workers --worker-cls --worker-extension-cls --nnodes -n --node-rank -r --master-addr
            --master-port --block-size --gpu-memory-utilization --kv-cache-memory-bytes --swap-space --kv-cache-dtype
            --num-gpu-blocks-override --prefix-caching-hash-algo --cpu-offload-gb --mamba-cache-dtype --mamba-ssm-cache-dtype
            --mamba-block-size --kv-sharing-fast-prefill --kv-offloading-size --kv-offloading-backend --limit-mm-per-prompt
            --media-io-kwargs --mm-processor-kwargs --mm-processor-cache-gb --mm-encoder-tp-mode --interleave-mm-strings
            --max-lora-rank --max-loras --max-cpu-loras --lora-dtype --lora-extra-vocab-size --default-mm-loras
            --speculative-config -sc --collect-detailed-traces --show-hidden-metrics-for-version --otlp-traces-endpoint
            --max-num-batched-tokens --max-num-seqs --max-num-partial-prefills --max-long-partial-prefills
            --long-prefill-token-threshold --num-lookahead-slots --scheduling-policy --scheduler-cls --stream-interval
            --cuda-graph-sizes --compilation-config -cc -O --kv-transfer-config --kv-events-config --ec-transfer-config
            --additional-config --optimization-level --attention-backend --attention-config --kernel-config --profiler-config
            --host --port --uds --uvicorn-log-level --api-key --chat-template --chat-template-content-format --response-role
            --ssl-keyfile --ssl-certfile --ssl-ca-certs --ssl-cert-reqs --ssl-ciphers --root-path --tool-call-parser --tool-parser-plugin
            --tool-server --log-config-file --max-log-len --api-server-count -asc --config --shutdown-timeout --aggregate-engine-logging
            --h11-max-incomplete-event-size --h11-max-header-count --renderer-num-workers --weight-transfer-config
            --disable-access-log-for-endpoints --default-chat-template-kwargs --io-processor-plugin --logits-processor-pattern
            """,
        many: "--served-model-name --lora-modules --middleware --allowed-origins --allowed-methods --allowed-headers --logits-processors --cudagraph-capture-sizes");

    public static readonly IReadOnlyDictionary<string, FlagArity> Tgi = Table(
        none: "--json-output --otlp-service-enabled --disable-usage-stats --enable-prefill-logprobs --env --ngrok",
        one: """
            --model-id --revision --validation-workers --num-shard --quantize --speculate --dtype --kv-cache-dtype
            --max-concurrent-requests --max-best-of --max-stop-sequences --max-top-n-tokens --max-input-tokens --max-input-length
            --max-total-tokens --waiting-served-ratio --max-batch-prefill-tokens --max-batch-total-tokens --max-waiting-tokens
            --max-batch-size --cuda-graphs --hostname --port -p --prometheus-port --shard-uds-path --master-addr --master-port
            --huggingface-hub-cache --weights-cache-override --cuda-memory-fraction --rope-scaling --rope-factor --otlp-endpoint
            --otlp-service-name --cors-allow-origin --api-key --watermark-gamma --watermark-delta --ngrok-authtoken --ngrok-edge
            --tokenizer-config-path --max-client-batch-size --lora-adapters --usage-stats --payload-limit --max-image-fetch-size
            --graceful-termination-timeout
            """,
        many: "",
        optional: "--sharded --trust-remote-code --disable-custom-kernels --disable-grammar-support");

    private static Dictionary<string, FlagArity> Table(string none, string one, string many, string optional = "")
    {
        var table = new Dictionary<string, FlagArity>(StringComparer.Ordinal);
        Add(none, FlagArity.None);
        Add(one, FlagArity.One);
        Add(many, FlagArity.Many);
        Add(optional, FlagArity.Optional);
        return table;

        void Add(string names, FlagArity arity)
        {
            foreach (var name in names.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
                table[name] = arity;
        }
    }
}
