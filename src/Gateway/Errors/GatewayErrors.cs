using LlmOps.Kubernetes;

namespace LlmOps.Gateway.Errors;

/// <summary>Every error that the gateway makes by itself, in one place, so that they read alike.</summary>
internal static class GatewayErrors
{
    /// <summary>Characters of what a client sent that an error repeats.</summary>
    private const int MostEchoed = 200;

    public static OpenAiError BrokenJson(string what) =>
        new(400, OpenAiError.InvalidRequest, "invalid_json", $"The body is not a JSON object that can be read: {what}.");

    public static OpenAiError WrongField(string field, string what) =>
        new(400, OpenAiError.InvalidRequest, "invalid_value", $"'{field}' {what}.", field);

    public static OpenAiError MissingModel() =>
        new(400, OpenAiError.InvalidRequest, "missing_model", "'model' is missing: give the name of an LlmDeployment; GET /v1/models lists them.", "model");

    public static OpenAiError UnknownModel(string model) =>
        new(404, OpenAiError.InvalidRequest, "model_not_found", $"The model '{Excerpt.Of(model, MostEchoed)}' does not exist. A model is the name of an LlmDeployment: GET /v1/models lists them.", "model");

    public static OpenAiError AmbiguousModel(string model, IReadOnlyList<string> names) =>
        new(404, OpenAiError.InvalidRequest, "model_ambiguous", $"The model '{model}' exists in several namespaces: ask for {string.Join(" or ", names.Take(8).Select(n => $"'{n}'"))}.", "model");

    public static OpenAiError MissingMessages() =>
        new(400, OpenAiError.InvalidRequest, "missing_messages", "'messages' is missing: this LlmDeployment has no prompt of its own.", "messages");

    public static OpenAiError NoFeedbackKey(string what, string? field) =>
        new(400, OpenAiError.InvalidRequest, "missing_sticky_key", $"It is not known which release the feedback is about: {what}.", field);

    public static OpenAiError BadVariable(string variable, string message, string code) =>
        new(400, OpenAiError.InvalidRequest, code, $"{char.ToUpperInvariant(message[0])}{message[1..]}.", $"prompt.variables.{variable}");

    public static OpenAiError TooLarge(int limit) =>
        new(413, OpenAiError.InvalidRequest, "request_too_large", $"The body is larger than {limit} bytes, the limit of this gateway: shorten it.");

    public static OpenAiError TooSlow() =>
        new(408, OpenAiError.InvalidRequest, "request_timeout", "The body did not arrive in time: send it again, or less of it.");

    public static OpenAiError Overloaded() =>
        new(503, OpenAiError.Unavailable, "gateway_overloaded", "The gateway has as many requests as it may have: try again.", RetryAfterSeconds: 1);

    public static OpenAiError NotReady(string deployment) =>
        new(503, OpenAiError.Unavailable, "no_ready_endpoint", $"LlmDeployment {deployment} has no ready endpoint: try again; its conditions say why.", RetryAfterSeconds: 2);

    public static OpenAiError PromptUnavailable(string deployment, string problem) =>
        new(503, OpenAiError.Unavailable, "prompt_unavailable", $"LlmDeployment {deployment} cannot serve: {problem}.", RetryAfterSeconds: 2);

    public static OpenAiError KeyUnavailable(string deployment, string problem) =>
        new(503, OpenAiError.Unavailable, "engine_key_unavailable", $"LlmDeployment {deployment} cannot serve: the API key of its engine is not known: {problem}.", RetryAfterSeconds: 2);

    public static OpenAiError KeyRefused(string deployment) =>
        new(502, OpenAiError.UpstreamFailed, "engine_key_refused", $"The engine of LlmDeployment {deployment} refused the gateway's API key: compare spec.engine.apiKeySecretRef with the key that its pods were started with.", RetryAfterSeconds: 2);

    public static OpenAiError Unreachable(string deployment) =>
        new(502, OpenAiError.UpstreamFailed, "engine_unreachable", $"No engine of LlmDeployment {deployment} could be reached: try again.", RetryAfterSeconds: 1);

    public static OpenAiError BrokenAnswer(string deployment) =>
        new(502, OpenAiError.UpstreamFailed, "engine_broke_off", $"The engine of LlmDeployment {deployment} broke its answer off: try again.", RetryAfterSeconds: 1);

    public static OpenAiError TimedOut(string deployment) =>
        new(504, OpenAiError.UpstreamFailed, "engine_timeout", $"The engine of LlmDeployment {deployment} did not answer in time: try again.", RetryAfterSeconds: 1);

    public static OpenAiError UnknownPath(string path) =>
        new(404, OpenAiError.InvalidRequest, "unknown_url", $"Unknown path '{Excerpt.Of(path, MostEchoed)}': this gateway serves /v1/chat/completions, /v1/completions, /v1/models and /v1/feedback.");

    public static OpenAiError WrongMethod(string allowed) =>
        new(405, OpenAiError.InvalidRequest, "method_not_allowed", $"Use {allowed}.");

    public static OpenAiError Internal() =>
        new(500, "server_error", "internal_error", "The gateway failed; its log says why.");
}
