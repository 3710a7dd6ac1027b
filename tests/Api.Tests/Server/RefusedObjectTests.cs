using System.Net;
using System.Text.Json.Nodes;
using Xunit;

namespace LlmOps.Api.Tests.Server;

/// <summary>
/// What a real API server refuses, and with which words. Each row is the smallest good object of a kind with one JSON merge
/// patch over it, so that nothing but the rule in question can refuse it.
/// </summary>
[Collection(ApiServerCollection.Name)]
public sealed class RefusedObjectTests(ApiServerFixture server)
{
    private const string WithScorer = """{"spec":{"scorers":[{"name":"correct",SCORER}]}}""";

    private const string WithCriterion = """{"spec":{"criteria":[{"metric":"correct",CRITERION}]}}""";

    [Theory]
    [InlineData("""{"spec":{"replicas":2,"autoscaling":{"max":3}}}""", "set either replicas (a fixed number) or autoscaling (min and max), not both")]
    [InlineData("""{"spec":{"traffic":{"httpRoute":{"name":"chat"}},"prompt":{"name":"p"}}}""", "leave out prompt and artifacts, or traffic.httpRoute")]
    [InlineData("""{"spec":{"traffic":{"httpRoute":{"name":"chat"}},"artifacts":[{"name":"index","version":"1"}]}}""", "leave out prompt and artifacts, or traffic.httpRoute")]
    [InlineData("""{"spec":{"traffic":{"httpRoute":{"name":"chat"}},"rollout":{"steps":[{"mirror":{"percent":10}},{"weight":5}]}}}""", "put a gate in the place of the mirror step, or leave out traffic.httpRoute")]
    [InlineData("""{"spec":{"traffic":{"httpRoute":{"name":"chat"}},"engine":{"type":"llama.cpp"}}}""", "llama.cpp does not count its requests")]
    [InlineData("""{"spec":{"traffic":{"httpRoute":{"name":"chat","rules":[]}}}}""", "httpRoute.rules in body should have at least 1 items")]
    [InlineData("""{"spec":{"traffic":{"virtualService":{"name":"chat"}},"prompt":{"name":"p"}}}""", "leave out prompt and artifacts, or traffic.httpRoute and traffic.virtualService")]
    [InlineData("""{"spec":{"traffic":{"virtualService":{"name":"chat"}},"artifacts":[{"name":"index","version":"1"}]}}""", "leave out prompt and artifacts, or traffic.httpRoute and traffic.virtualService")]
    [InlineData("""{"spec":{"traffic":{"virtualService":{"name":"chat"}},"rollout":{"steps":[{"mirror":{"percent":10}},{"weight":5}]}}}""", "put a gate in the place of the mirror step, or leave out traffic.httpRoute and traffic.virtualService")]
    [InlineData("""{"spec":{"traffic":{"virtualService":{"name":"chat"}},"engine":{"type":"llama.cpp"}}}""", "llama.cpp does not count its requests")]
    [InlineData("""{"spec":{"traffic":{"virtualService":{"name":"chat","routes":[]}}}}""", "virtualService.routes in body should have at least 1 items")]
    [InlineData("""{"spec":{"traffic":{"virtualService":{}}}}""", "spec.traffic.virtualService.name: Required value")]
    [InlineData("""{"spec":{"traffic":{"httpRoute":{"name":"chat"},"virtualService":{"name":"chat"}}}}""", "set either httpRoute (Gateway API) or virtualService (Istio), not both")]
    [InlineData("""{"spec":{"autoscaling":{"min":4,"max":3}}}""", "min must not be above max: lower min or raise max")]
    [InlineData("""{"spec":{"autoscaling":{"min":0,"max":3}}}""", "spec.autoscaling.min in body should be greater than or equal to 1")]
    [InlineData("""{"spec":{"autoscaling":{"min":2}}}""", "spec.autoscaling.max: Required value")]
    [InlineData("""{"spec":{"autoscaling":{"max":3,"metrics":[]}}}""", "spec.autoscaling.metrics in body should have at least 1 items")]
    [InlineData("""{"spec":{"autoscaling":{"max":3,"metrics":[{"type":"Cpu","target":1}]}}}""", "supported values: \"RunningRequests\", \"QueuedRequests\", \"KvCacheUsage\"")]
    [InlineData("""{"spec":{"autoscaling":{"max":3,"metrics":[{"type":"QueuedRequests","target":1},{"type":"QueuedRequests","target":2}]}}}""", "Duplicate value: {\"type\":\"QueuedRequests\"}")]
    [InlineData("""{"spec":{"replicas":-1}}""", "spec.replicas in body should be greater than or equal to 0")]
    [InlineData("""{"spec":{"rollout":{"steps":[]}}}""", "spec.rollout.steps in body should have at least 1 items")]
    [InlineData("""{"spec":{"rollout":{"steps":[{"weight":0}]}}}""", "spec.rollout.steps[0].weight in body should be greater than or equal to 1")]
    [InlineData("""{"spec":{"rollout":{"steps":[{"weight":101}]}}}""", "spec.rollout.steps[0].weight in body should be less than or equal to 100")]
    [InlineData("""{"spec":{"rollout":{"steps":[{"weight":25},{"gate":"g"},{"weight":5}]}}}""", "weights must rise from step to step: put the smaller one first and leave out repeated ones")]
    [InlineData("""{"spec":{"rollout":{"steps":[{"weight":25},{"weight":25}]}}}""", "weights must rise from step to step: put the smaller one first and leave out repeated ones")]
    [InlineData("""{"spec":{"rollout":{"bakeWeight":90}}}""", "bakeWeight has no effect without bake: set bake, such as 30m, or leave bakeWeight out")]
    [InlineData("""{"spec":{"rollout":{"bake":"30m","bakeWeight":0}}}""", "spec.rollout.bakeWeight in body should be greater than or equal to 1")]
    [InlineData("""{"spec":{"rollout":{"steps":[{"weight":25,"gate":"g"}]}}}""", "a step is one thing: gate (the name of an EvalGate), gates (several names), mirror, weight (1 to 100) or approve: split it into several steps")]
    [InlineData("""{"spec":{"rollout":{"steps":[{}]}}}""", "a step is one thing: gate (the name of an EvalGate), gates (several names), mirror, weight (1 to 100) or approve: split it into several steps")]
    [InlineData("""{"spec":{"rollout":{"steps":[{"gate":"g","gates":["h"]}]}}}""", "a step is one thing: gate (the name of an EvalGate), gates (several names), mirror, weight (1 to 100) or approve: split it into several steps")]
    [InlineData("""{"spec":{"rollout":{"steps":[{"weight":5,"approve":{}}]}}}""", "a step is one thing: gate (the name of an EvalGate), gates (several names), mirror, weight (1 to 100) or approve: split it into several steps")]
    [InlineData("""{"spec":{"rollout":{"steps":[{"gates":[]}]}}}""", "spec.rollout.steps[0].gates in body should have at least 1 items")]
    [InlineData("""{"spec":{"rollout":{"steps":[{"gates":["g","g"]}]}}}""", "Duplicate value: \"g\"")]
    [InlineData("""{"spec":{"rollout":{"steps":[{"approve":{"timeout":"0s"}}]}}}""", "must be longer than 0s, such as 24h")]
    [InlineData("""{"spec":{"rollout":{"onInconclusive":"Promote"}}}""", "supported values: \"Revert\", \"Hold\"")]
    [InlineData("""{"spec":{"rollout":{"steps":[{"gate":"g","hold":"5m"}]}}}""", "hold and minRequests belong to a step with a weight or a mirror")]
    [InlineData("""{"spec":{"rollout":{"steps":[{"mirror":{"percent":20},"weight":5}]}}}""", "a step is one thing: gate (the name of an EvalGate), gates (several names), mirror, weight (1 to 100) or approve: split it into several steps")]
    [InlineData("""{"spec":{"rollout":{"steps":[{"mirror":{"percent":0}}]}}}""", "mirror.percent in body should be greater than or equal to 1")]
    [InlineData("""{"spec":{"rollout":{"steps":[{"mirror":{"percent":20,"maxConcurrent":1001}}]}}}""", "mirror.maxConcurrent in body should be less than or equal to 1000")]
    [InlineData("""{"spec":{"rollout":{"steps":[{"weight":5},{"mirror":{"percent":20}}]}}}""", "a mirror shows the candidate requests before users get its answers: put it before the first weight")]
    [InlineData("""{"spec":{"rollout":{"analysis":{"warmUpRequests":-1}}}}""", "warmUpRequests in body should be greater than or equal to 0")]
    [InlineData("""{"spec":{"pricing":{"inputPerMillion":0,"outputPerMillion":0}}}""", "both prices are 0, so nothing would ever cost anything: set one of them, or leave pricing out")]
    [InlineData("""{"spec":{"pricing":{"inputPerMillion":-1,"outputPerMillion":1}}}""", "inputPerMillion in body should be greater than or equal to 0")]
    [InlineData("""{"spec":{"pricing":{"inputPerMillion":1,"outputPerMillion":1,"currency":"usd"}}}""", "write a currency code of three capital letters, such as USD")]
    [InlineData("""{"spec":{"rollout":{"steps":[{"weight":5,"hold":"5 minutes"}]}}}""", "write a duration such as 90s, 20m or 1h30m")]
    [InlineData("""{"spec":{"rollout":{"steps":[{"weight":5,"minRequests":-1}]}}}""", "minRequests in body should be greater than or equal to 0")]
    [InlineData("""{"spec":{"rollout":{"capacity":{"plan":"Surge","maxSurgeGpus":0}}}}""", "plan Surge needs GPUs beside stable's: raise maxSurgeGpus, or choose another plan")]
    [InlineData("""{"spec":{"rollout":{"capacity":{"plan":"TakeFromStable","maxUnavailable":0}}}}""", "plan TakeFromStable needs a replica that stable may give: raise maxUnavailable, or choose another plan")]
    [InlineData("""{"spec":{"rollout":{"capacity":{"plan":"Recreate"}}}}""", "plan Recreate stops stable before the candidate starts: set allowDowntime: true")]
    [InlineData("""{"spec":{"rollout":{"capacity":{"plan":"Magic"}}}}""", "supported values: \"Auto\", \"Surge\", \"TakeFromStable\", \"Recreate\"")]
    [InlineData("""{"spec":{"rollout":{"deadlines":{"load":"soon"}}}}""", "write a duration such as 90s, 20m or 1h30m")]
    [InlineData("""{"spec":{"rollout":{"capacity":{"maxSurgeGpus":0,"maxUnavailable":0}}}}""", "maxSurgeGpus and maxUnavailable are both 0, so no candidate could ever start: raise one of them")]
    [InlineData("""{"spec":{"rollout":{"analysis":{"falseRevertProbability":"0%"}}}}""", "must be above 0% and below 100%, such as 1%")]
    [InlineData("""{"spec":{"rollout":{"analysis":{"falseRevertProbability":"0.00%"}}}}""", "must be above 0% and below 100%, such as 1%")]
    [InlineData("""{"spec":{"rollout":{"analysis":{"falseRevertProbability":"100%"}}}}""", "must be above 0% and below 100%, such as 1%")]
    [InlineData("""{"spec":{"rollout":{"analysis":{"falseRevertProbability":"0.01"}}}}""", "write a percentage such as 1% or 0.5%, at most 100%")]
    [InlineData("""{"spec":{"rollout":{"analysis":{"tolerance":{"errors":0.9}}}}}""", "tolerance.errors in body should be greater than or equal to 1")]
    [InlineData("""{"spec":{"rollout":{"analysis":{"tolerance":{"ttft":-1}}}}}""", "tolerance.ttft in body should be greater than or equal to 1")]
    [InlineData("""{"spec":{"rollout":{"analysis":{"checks":[{"name":"a","metric":"queueDepth"}]}}}}""", "set at least one of max, min and maxTimesStable, or the check can never fail")]
    [InlineData("""{"spec":{"rollout":{"analysis":{"checks":[{"name":"a","max":1}]}}}}""", "set exactly one of metric (one of the built-in ones), prometheus (a query of your own) and http (a URL that answers with JSON)")]
    [InlineData("""{"spec":{"rollout":{"analysis":{"checks":[{"name":"a","max":1,"metric":"errors","prometheus":{"query":"{{release}}"}}]}}}}""", "set exactly one of metric (one of the built-in ones), prometheus (a query of your own) and http (a URL that answers with JSON)")]
    [InlineData("""{"spec":{"rollout":{"analysis":{"checks":[{"name":"a","metric":"errors","max":1,"min":2}]}}}}""", "min must not be above max: lower min or raise max")]
    [InlineData("""{"spec":{"rollout":{"analysis":{"checks":[{"name":"a","metric":"ttft","max":1}]}}}}""", "supported values: \"queueDepth\", \"runningRequests\", \"kvCacheUsage\", \"timeToFirstToken\"")]
    [InlineData("""{"spec":{"rollout":{"analysis":{"checks":[{"name":"A","metric":"errors","max":1}]}}}}""", "a name is lower-case letters, digits and '-', such as first-token-p95")]
    [InlineData("""{"spec":{"rollout":{"analysis":{"checks":[{"name":"a","metric":"errors","max":1},{"name":"a","metric":"errors","max":2}]}}}}""", "Duplicate value: {\"name\":\"a\"}")]
    [InlineData("""{"spec":{"rollout":{"analysis":{"checks":[{"name":"a","metric":"errors","max":1,"interval":"4s"}]}}}}""", "an interval is 5s or longer")]
    [InlineData("""{"spec":{"rollout":{"analysis":{"checks":[{"name":"a","metric":"errors","max":1,"window":"9999ms"}]}}}}""", "a window is 10s or longer")]
    [InlineData("""{"spec":{"rollout":{"analysis":{"checks":[{"name":"a","metric":"errors","max":1,"failures":0}]}}}}""", "failures in body should be greater than or equal to 1")]
    [InlineData("""{"spec":{"rollout":{"analysis":{"checks":[{"name":"a","metric":"errors","max":1,"failures":101}]}}}}""", "failures in body should be less than or equal to 100")]
    [InlineData("""{"spec":{"rollout":{"analysis":{"checks":[{"name":"a","metric":"errors","maxTimesStable":0}]}}}}""", "maxTimesStable in body should be greater than 0")]
    [InlineData("""{"spec":{"rollout":{"analysis":{"checks":[{"name":"a","max":1,"prometheus":{"query":"up{a=\"{{relase}}\",b=\"{{track}}\"}"}}]}}}}""", "the query has a placeholder that does not exist: use {{release}}")]
    [InlineData("""{"spec":{"rollout":{"analysis":{"checks":[{"name":"a","max":1,"prometheus":{"query":"up{a=\"{{namespace}}\"}"}}]}}}}""", "the query must tell the candidate from stable: select by {{release}}, {{servingHash}}, {{track}} or {{service}}")]
    [InlineData("""{"spec":{"rollout":{"analysis":{"checks":[{"name":"a","max":1,"prometheus":{"query":"{{release}}","address":"http://user:secret@host"}}]}}}}""", "write a base URL such as http://prometheus.monitoring.svc:9090, without user, query or fragment")]
    [InlineData("""{"spec":{"rollout":{"analysis":{"checks":[{"name":"a","max":1,"prometheus":{"query":"{{release}}","address":"file:///etc/passwd"}}]}}}}""", "write a base URL such as http://prometheus.monitoring.svc:9090, without user, query or fragment")]
    [InlineData("""{"spec":{"rollout":{"analysis":{"checks":[{"name":"a","max":1,"metric":"errors","http":{"url":"http://h/{{release}}","value":""}}]}}}}""", "set exactly one of metric (one of the built-in ones), prometheus (a query of your own) and http (a URL that answers with JSON)")]
    [InlineData("""{"spec":{"rollout":{"analysis":{"checks":[{"name":"a","max":1,"prometheus":{"query":"{{release}}"},"http":{"url":"http://h/{{release}}","value":""}}]}}}}""", "set exactly one of metric (one of the built-in ones), prometheus (a query of your own) and http (a URL that answers with JSON)")]
    [InlineData("""{"spec":{"rollout":{"analysis":{"checks":[{"name":"a","max":1,"metric":"errors","prometheus":{"query":"{{release}}"},"http":{"url":"http://h/{{release}}","value":""}}]}}}}""", "set exactly one of metric (one of the built-in ones), prometheus (a query of your own) and http (a URL that answers with JSON)")]
    [InlineData("""{"spec":{"rollout":{"analysis":{"checks":[{"name":"a","http":{"url":"http://h/{{release}}","value":""}}]}}}}""", "set at least one of max, min and maxTimesStable, or the check can never fail")]
    [InlineData("""{"spec":{"rollout":{"analysis":{"checks":[{"name":"a","max":1,"http":{"value":""}}]}}}}""", "spec.rollout.analysis.checks[0].http.url: Required value")]
    [InlineData("""{"spec":{"rollout":{"analysis":{"checks":[{"name":"a","max":1,"http":{"url":"http://h/{{release}}"}}]}}}}""", "spec.rollout.analysis.checks[0].http.value: Required value")]
    [InlineData("""{"spec":{"rollout":{"analysis":{"checks":[{"name":"a","max":1,"http":{"url":"http://user:secret@h/{{release}}","value":""}}]}}}}""", "write a URL such as https://evals.example.com/quality?release={{release}}, of ASCII, without user and fragment, and with placeholders behind the host alone")]
    [InlineData("""{"spec":{"rollout":{"analysis":{"checks":[{"name":"a","max":1,"http":{"url":"file:///etc/{{release}}","value":""}}]}}}}""", "write a URL such as https://evals.example.com/quality?release={{release}}, of ASCII, without user and fragment, and with placeholders behind the host alone")]
    [InlineData("""{"spec":{"rollout":{"analysis":{"checks":[{"name":"a","max":1,"http":{"url":"http://{{service}}/","value":""}}]}}}}""", "write a URL such as https://evals.example.com/quality?release={{release}}, of ASCII, without user and fragment, and with placeholders behind the host alone")]
    [InlineData("""{"spec":{"rollout":{"analysis":{"checks":[{"name":"a","max":1,"http":{"url":"http://h/{{release}}#a","value":""}}]}}}}""", "write a URL such as https://evals.example.com/quality?release={{release}}, of ASCII, without user and fragment, and with placeholders behind the host alone")]
    [InlineData("""{"spec":{"rollout":{"analysis":{"checks":[{"name":"a","max":1,"http":{"url":"http://h\\{{release}}","value":""}}]}}}}""", "write a URL such as https://evals.example.com/quality?release={{release}}, of ASCII, without user and fragment, and with placeholders behind the host alone")]
    [InlineData("""{"spec":{"rollout":{"analysis":{"checks":[{"name":"a","max":1,"http":{"url":"/quality/{{release}}","value":""}}]}}}}""", "write a URL such as https://evals.example.com/quality?release={{release}}, of ASCII, without user and fragment, and with placeholders behind the host alone")]
    [InlineData("""{"spec":{"rollout":{"analysis":{"checks":[{"name":"a","max":1,"http":{"url":"http://h/ {{release}}","value":""}}]}}}}""", "write a URL such as https://evals.example.com/quality?release={{release}}, of ASCII, without user and fragment, and with placeholders behind the host alone")]
    [InlineData("""{"spec":{"rollout":{"analysis":{"checks":[{"name":"a","max":1,"http":{"url":"http://h/\u202e{{release}}","value":""}}]}}}}""", "write a URL such as https://evals.example.com/quality?release={{release}}, of ASCII, without user and fragment, and with placeholders behind the host alone")]
    [InlineData("""{"spec":{"rollout":{"analysis":{"checks":[{"name":"a","max":1,"http":{"url":"http://h/{{relase}}/{{track}}","value":""}}]}}}}""", "the URL has a placeholder that does not exist: use {{release}}")]
    [InlineData("""{"spec":{"rollout":{"analysis":{"checks":[{"name":"a","max":1,"http":{"url":"http://h/{a}/{{track}}","value":""}}]}}}}""", "and %7B and %7D for braces")]
    [InlineData("""{"spec":{"rollout":{"analysis":{"checks":[{"name":"a","max":1,"http":{"url":"http://h/{{namespace}}","value":""}}]}}}}""", "the URL must tell the candidate from stable: use {{release}}, {{servingHash}}, {{track}} or {{service}}")]
    [InlineData("""{"spec":{"rollout":{"analysis":{"checks":[{"name":"a","max":1,"http":{"url":"http://h/{{release}}","value":"data/score"}}]}}}}""", "write a JSON pointer such as /data/0/score, with ~0 for ~ and ~1 for / in a name; or nothing where the answer is the number")]
    [InlineData("""{"spec":{"rollout":{"analysis":{"checks":[{"name":"a","max":1,"http":{"url":"http://h/{{release}}","value":"/a~b"}}]}}}}""", "write a JSON pointer such as /data/0/score, with ~0 for ~ and ~1 for / in a name; or nothing where the answer is the number")]
    [InlineData("""{"spec":{"rollout":{"analysis":{"checks":[{"name":"a","max":1,"http":{"url":"http://h/{{release}}","value":"/a~2"}}]}}}}""", "write a JSON pointer such as /data/0/score, with ~0 for ~ and ~1 for / in a name; or nothing where the answer is the number")]
    [InlineData("""{"spec":{"rollout":{"analysis":{"checks":[{"name":"a","max":1,"http":{"url":"http://h/{{release}}","value":"$.score"}}]}}}}""", "write a JSON pointer such as /data/0/score, with ~0 for ~ and ~1 for / in a name; or nothing where the answer is the number")]
    [InlineData("""{"spec":{"rollout":{"analysis":{"checks":[{"name":"a","max":1,"http":{"url":"http://h/{{release}}","value":"","header":{"name":"Host","secretKeyRef":{"name":"s","key":"k"}}}}]}}}}""", "name a header that carries credentials: Authorization, or one that ends in Key or Token, such as X-Api-Key")]
    [InlineData("""{"spec":{"rollout":{"analysis":{"checks":[{"name":"a","max":1,"http":{"url":"http://h/{{release}}","value":"","header":{"name":"X-Forwarded-Host","secretKeyRef":{"name":"s","key":"k"}}}}]}}}}""", "name a header that carries credentials: Authorization, or one that ends in Key or Token, such as X-Api-Key")]
    [InlineData("""{"spec":{"rollout":{"analysis":{"checks":[{"name":"a","max":1,"http":{"url":"http://h/{{release}}","value":"","header":{"name":"Content-Type","secretKeyRef":{"name":"s","key":"k"}}}}]}}}}""", "name a header that carries credentials: Authorization, or one that ends in Key or Token, such as X-Api-Key")]
    [InlineData("""{"spec":{"rollout":{"analysis":{"checks":[{"name":"a","max":1,"http":{"url":"http://h/{{release}}","value":"","header":{"name":"Cookie","secretKeyRef":{"name":"s","key":"k"}}}}]}}}}""", "name a header that carries credentials: Authorization, or one that ends in Key or Token, such as X-Api-Key")]
    [InlineData("""{"spec":{"rollout":{"analysis":{"checks":[{"name":"a","max":1,"http":{"url":"http://h/{{release}}","value":"","header":{"name":"X Token","secretKeyRef":{"name":"s","key":"k"}}}}]}}}}""", "name a header that carries credentials: Authorization, or one that ends in Key or Token, such as X-Api-Key")]
    [InlineData("""{"spec":{"rollout":{"analysis":{"checks":[{"name":"a","max":1,"http":{"url":"http://h/{{release}}","value":"","header":{"name":"Authorization"}}}]}}}}""", "http.header.secretKeyRef: Required value")]
    [InlineData("""{"spec":{"rollout":{"analysis":{"checks":[{"name":"a","max":1,"http":{"url":"http://h/{{release}}","value":"","header":{"name":"Authorization","scheme":"Bearer s3cret","secretKeyRef":{"name":"s","key":"k"}}}}]}}}}""", "write a scheme such as Bearer or Basic, without the value")]
    [InlineData("""{"spec":{"rollout":{"analysis":{"checks":[{"name":"a","max":1,"http":{"url":"http://h/{{release}}","value":"","header":{"name":"Authorization","secretKeyRef":{"name":"other/s","key":"k"}}}}]}}}}""", "write the name of an object in this namespace")]
    [InlineData("""{"spec":{"rollout":{"analysis":{"checks":[{"name":"c0","metric":"errors","max":1},{"name":"c1","metric":"errors","max":1},{"name":"c2","metric":"errors","max":1},{"name":"c3","metric":"errors","max":1},{"name":"c4","metric":"errors","max":1},{"name":"c5","metric":"errors","max":1},{"name":"c6","metric":"errors","max":1},{"name":"c7","metric":"errors","max":1},{"name":"c8","metric":"errors","max":1},{"name":"c9","metric":"errors","max":1},{"name":"c10","metric":"errors","max":1}]}}}}""", "spec.rollout.analysis.checks: Too many: 11: must have at most 10 items")]
    [InlineData("""{"spec":{"rollout":{"analysis":{"tolerance":{"outputTokens":0.5}}}}}""", "tolerance.outputTokens in body should be greater than or equal to 1")]
    [InlineData("""{"spec":{"rollout":{"analysis":{"promotion":"Quick"}}}}""", "supported values: \"BoundedTime\", \"Proven\"")]
    [InlineData("""{"spec":{"rollout":{"analysis":{"limits":[{"metric":"errors","max":"2s"}]}}}}""", "max is a percentage for errors (such as 2%) and a duration for ttft and timePerOutputToken (such as 2s or 80ms)")]
    [InlineData("""{"spec":{"rollout":{"analysis":{"limits":[{"metric":"ttft","quantile":95,"max":"2%"}]}}}}""", "max is a percentage for errors (such as 2%) and a duration for ttft and timePerOutputToken (such as 2s or 80ms)")]
    [InlineData("""{"spec":{"rollout":{"analysis":{"limits":[{"metric":"errors","quantile":95,"max":"2%"}]}}}}""", "quantile belongs to ttft and timePerOutputToken")]
    [InlineData("""{"spec":{"rollout":{"analysis":{"limits":[{"metric":"ttft","max":"2s"}]}}}}""", "quantile belongs to ttft and timePerOutputToken")]
    [InlineData("""{"spec":{"rollout":{"analysis":{"limits":[{"metric":"ttft","quantile":100,"max":"2s"}]}}}}""", "quantile in body should be less than or equal to 99")]
    [InlineData("""{"spec":{"rollout":{"analysis":{"limits":[{"metric":"errors","max":"0.0%"}]}}}}""", "max must be above 0, and below 100% for errors")]
    [InlineData("""{"spec":{"rollout":{"analysis":{"limits":[{"metric":"ttft","quantile":50,"max":"0s"}]}}}}""", "max must be above 0, and below 100% for errors")]
    [InlineData("""{"spec":{"rollout":{"analysis":{"limits":[{"metric":"ttft","quantile":50,"max":"soon"}]}}}}""", "write a percentage such as 2%, or a duration such as 2s or 80ms")]
    [InlineData("""{"spec":{"rollout":{"analysis":{"limits":[{"metric":"cost","max":"2%"}]}}}}""", "supported values: \"errors\", \"ttft\", \"timePerOutputToken\"")]
    [InlineData("""{"spec":{"engine":{"type":"Ollama"}}}""", "spec.engine.type: Unsupported value: \"Ollama\": supported values: \"vLLM\", \"TGI\", \"llama.cpp\"")]
    [InlineData("""{"spec":{"engine":{"type":null}}}""", "spec.engine.type: Required value")]
    [InlineData("""{"spec":{"engine":{"gpuMemoryUtilization":0}}}""", "gpuMemoryUtilization in body should be greater than 0")]
    [InlineData("""{"spec":{"engine":{"gpuMemoryUtilization":1.1}}}""", "gpuMemoryUtilization in body should be less than or equal to 1")]
    [InlineData("""{"spec":{"engine":{"env":[{"name":"A"}]}}}""", "set exactly one of value and secretKeyRef")]
    [InlineData("""{"spec":{"engine":{"env":[{"name":"A","value":"1","secretKeyRef":{"name":"s","key":"k"}}]}}}""", "set exactly one of value and secretKeyRef")]
    [InlineData("""{"spec":{"engine":{"env":[{"name":"A-B","value":"1"}]}}}""", "an environment variable is a letter or underscore, then letters, digits and underscores")]
    [InlineData("""{"spec":{"engine":{"env":[{"name":"A","value":"1"},{"name":"A","value":"2"}]}}}""", "Duplicate value: {\"name\":\"A\"}")]
    [InlineData("""{"spec":{"engine":{"startupDeadline":"soon"}}}""", "write a duration such as 90s, 20m or 1h30m")]
    [InlineData("""{"spec":{"engine":{"drainSeconds":-1}}}""", "drainSeconds in body should be greater than or equal to 0")]
    [InlineData("""{"spec":{"engine":{"maxModelLen":0}}}""", "maxModelLen in body should be greater than or equal to 1")]
    [InlineData("""{"spec":{"model":{"source":"Qwen/Qwen2.5-7B-Instruct"}}}""", "write a source such as hf://org/name, s3://bucket/path")]
    [InlineData("""{"spec":{"model":{"cache":{}}}}""", "set exactly one of emptyDir and persistentVolumeClaim")]
    [InlineData("""{"spec":{"model":{"cache":{"emptyDir":{},"persistentVolumeClaim":{"claimName":"c"}}}}}""", "set exactly one of emptyDir and persistentVolumeClaim")]
    [InlineData("""{"spec":{"model":{"cache":{"emptyDir":{"sizeLimit":"much"}}}}}""", "write a quantity such as 64Gi or 500M")]
    [InlineData("""{"spec":{"model":{"credentialsSecretRef":{"name":"s"}}}}""", "spec.model.credentialsSecretRef.key: Required value")]
    [InlineData("""{"spec":{"engine":{"apiKeySecretRef":{"name":"s"}}}}""", "spec.engine.apiKeySecretRef.key: Required value")]
    [InlineData("""{"spec":{"engine":{"apiKeySecretRef":{"name":"..","key":"k"}}}}""", "write the name of an object in this namespace")]
    [InlineData("""{"spec":{"engine":{"apiKeySecretRef":{"name":"../../kube-system/secrets/s","key":"k"}}}}""", "write the name of an object in this namespace")]
    [InlineData("""{"spec":{"engine":{"apiKeySecretRef":{"name":"Keys","key":"k"}}}}""", "write the name of an object in this namespace")]
    [InlineData("""{"spec":{"engine":{"apiKeySecretRef":{"name":"s","key":"a/b"}}}}""", "write a key of it")]
    [InlineData("""{"spec":{"engine":{"env":[{"name":"A","secretKeyRef":{"name":"a_b","key":"k"}}]}}}""", "write the name of an object in this namespace")]
    [InlineData("""{"spec":{"model":{"credentialsSecretRef":{"name":"s?watch=1","key":"k"}}}}""", "write the name of an object in this namespace")]
    [InlineData("""{"spec":{"model":{"cache":{"persistentVolumeClaim":{"claimName":"a/b"}}}}}""", "write the name of an object in this namespace")]
    [InlineData("""{"spec":{"podTemplate":{"imagePullSecrets":[{"name":"a..b"}]}}}""", "write the name of an object in this namespace")]
    [InlineData("""{"spec":{"podTemplate":{"serviceAccountName":"-a"}}}""", "write the name of an object in this namespace")]
    [InlineData("""{"spec":{"prompt":{"name":"Support"}}}""", "write the name of an object in this namespace")]
    [InlineData("""{"spec":{"traffic":{"httpRoute":{"name":"other/chat"}}}}""", "write the name of an object in this namespace")]
    [InlineData("""{"spec":{"traffic":{"virtualService":{"name":"other/chat"}}}}""", "write the name of an object in this namespace")]
    [InlineData("""{"spec":{"rollout":{"steps":[{"gate":"other/g"}]}}}""", "write the name of an object in this namespace")]
    [InlineData("""{"spec":{"rollout":{"steps":[{"gates":["g","other/g"]}]}}}""", "spec.rollout.steps[0].gates[1] in body should match")]
    [InlineData("""{"spec":{"resources":{"memory":"64 GB"}}}""", "write a quantity such as 64Gi or 500M")]
    [InlineData("""{"spec":{"resources":{"sharedMemory":"-1"}}}""", "write a quantity such as 64Gi or 500M")]
    [InlineData("""{"spec":{"resources":{"cpu":"many"}}}""", "write CPUs such as 8, 0.5 or 500m")]
    [InlineData("""{"spec":{"resources":{"gpu":{"count":-1}}}}""", "count in body should be greater than or equal to 0")]
    [InlineData("""{"spec":{"resources":{"gpu":{"resourceName":"gpu"}}}}""", "write an extended resource such as nvidia.com/gpu or amd.com/gpu")]
    [InlineData("""{"spec":{"podTemplate":{"labels":{"llmops.dev/track":"stable"}}}}""", "labels of llmops.dev/ belong to the operator: choose another prefix")]
    [InlineData("""{"spec":{"traffic":{"stickiness":"cookie"}}}""", "supported values: \"session\", \"user\", \"request\"")]
    [InlineData("""{"spec":{"artifacts":[{"name":"a","version":"1"},{"name":"a","version":"2"}]}}""", "Duplicate value: {\"name\":\"a\"}")]
    [InlineData("""{"spec":{"prompt":{}}}""", "spec.prompt.name: Required value")]
    [InlineData("""{"spec":{"model":{"sorce":"hf://a/b"}}}""", "unknown field \"spec.model.sorce\"")]
    [InlineData("""{"metadata":{"name":"a23456789-123456789-123456789-123456789-123456789-1"}}""", "the name becomes part of the names of Services and Jobs: use at most 50 lower-case letters, digits and '-', beginning with a letter")]
    [InlineData("""{"metadata":{"name":"bot.v2"}}""", "the name becomes part of the names of Services and Jobs")]
    [InlineData("""{"metadata":{"name":"7b"}}""", "the name becomes part of the names of Services and Jobs")]
    public Task Deployment_is_refused(string patch, string message) => RefusesAsync("LlmDeployment", patch, message);

    [Theory]
    [InlineData("""{"spec":{"version":"1.4"}}""", "write a semantic version of three numbers, such as 1.4.0 or 1.4.0-rc.1")]
    [InlineData("""{"spec":{"version":"v1.4.0"}}""", "write a semantic version of three numbers")]
    [InlineData("""{"spec":{"family":"Support Team"}}""", "a family is lower-case letters, digits, '.' and '-', such as support")]
    [InlineData("""{"spec":{"messages":[]}}""", "spec.messages in body should have at least 1 items")]
    [InlineData("""{"spec":{"messages":null}}""", "spec.messages: Required value")]
    [InlineData("""{"spec":{"messages":[{"role":"robot","template":"x"}]}}""", "supported values: \"system\", \"user\", \"assistant\"")]
    [InlineData("""{"spec":{"messages":[{"role":"user","template":""}]}}""", "template in body should be at least 1 chars long")]
    [InlineData("""{"spec":{"variables":{"a":{"type":"date"}}}}""", "supported values: \"string\", \"number\", \"integer\", \"boolean\"")]
    [InlineData("""{"spec":{"variables":{"a":{"trust":"maybe"}}}}""", "supported values: \"trusted\", \"untrusted\"")]
    [InlineData("""{"spec":{"variables":{"a":{"maxLength":0}}}}""", "maxLength in body should be greater than or equal to 1")]
    [InlineData("""{"spec":{"parameters":{"temperature":2.5}}}""", "temperature in body should be less than or equal to 2")]
    [InlineData("""{"spec":{"parameters":{"temperature":-0.1}}}""", "temperature in body should be greater than or equal to 0")]
    [InlineData("""{"spec":{"parameters":{"topP":0}}}""", "topP in body should be greater than 0")]
    [InlineData("""{"spec":{"parameters":{"maxTokens":0}}}""", "maxTokens in body should be greater than or equal to 1")]
    public Task Prompt_is_refused(string patch, string message) => RefusesAsync("PromptVersion", patch, message);

    [Theory]
    [InlineData("""{"spec":{"dataset":{"configMap":{"name":"../cases"}}}}""", "write the name of an object in this namespace")]
    [InlineData("""{"spec":{"dataset":{"configMap":{"key":"a/b.jsonl"}}}}""", "write a key of it")]
    [InlineData("""{"spec":{"dataset":{"configMap":null}}}""", "set exactly one of configMap and persistentVolumeClaim")]
    [InlineData("""{"spec":{"dataset":{"persistentVolumeClaim":{"claimName":"c","path":"f"}}}}""", "set exactly one of configMap and persistentVolumeClaim")]
    [InlineData("""{"spec":{"dataset":{"configMap":null,"persistentVolumeClaim":{"claimName":"c","path":"/f"}}}}""", "write a path inside the volume, without a leading slash")]
    [InlineData("""{"spec":{"dataset":{"configMap":null,"persistentVolumeClaim":{"claimName":"c","path":"a/../../f"}}}}""", "the path must stay inside the volume: leave out '..'")]
    [InlineData("""{"spec":{"dataset":{"digest":"md5:0"}}}""", "write sha256: and 64 hexadecimal digits in lower case, as sha256sum prints them")]
    [InlineData("""{"spec":{"scorers":[]}}""", "spec.scorers in body should have at least 1 items")]
    [InlineData("""{"spec":{"scorers":[{"name":"correct","type":"isJson"},{"name":"correct","type":"isJson"}]}}""", "Duplicate value: {\"name\":\"correct\"}")]
    [InlineData("""{"spec":{"scorers":[{"name":"correct","type":"isJson"},{"name":"9 lives","type":"isJson"}]}}""", "a scorer's name begins with a letter and holds letters, digits, '_' and '-'")]
    [InlineData("""{"spec":{"criteria":[]}}""", "spec.criteria in body should have at least 1 items")]
    [InlineData("""{"spec":{"criteria":[{"metric":"other","atLeast":0.9}]}}""", "every criterion names a scorer: add a scorer of that name or correct metric")]
    [InlineData("""{"spec":{"sample":{"size":0}}}""", "spec.sample.size in body should be greater than or equal to 1")]
    [InlineData("""{"spec":{"budget":{"maxTokens":-1}}}""", "spec.budget.maxTokens in body should be greater than or equal to 1")]
    [InlineData("""{"spec":{"budget":{"maxDuration":"1d"}}}""", "write a duration such as 90s, 20m or 1h30m")]
    [InlineData("""{"spec":{"concurrency":0}}""", "spec.concurrency in body should be greater than or equal to 1")]
    public Task Gate_is_refused(string patch, string message) => RefusesAsync("EvalGate", patch, message);

    [Theory]
    [InlineData("""  "type":"vibes"  """, "supported values: \"equals\", \"contains\", \"regex\", \"numericTolerance\", \"isJson\", \"length\"")]
    [InlineData("""  "type":"equals"  """, "this scorer needs expected: the path of the expected value in a case, such as expected.text")]
    [InlineData("""  "type":"regex"  """, "a regex scorer needs a pattern")]
    [InlineData("""  "type":"length"  """, "a length scorer needs min or max")]
    [InlineData("""  "type":"length","min":5,"max":4  """, "min must not be above max: lower min or raise max")]
    [InlineData("""  "type":"length","max":4,"unit":"lines"  """, "supported values: \"words\", \"characters\", \"tokens\"")]
    [InlineData("""  "type":"judge"  """, "a judge scorer needs judge: the LlmDeployment that judges (model) and the PromptVersion that says what passes (prompt)")]
    [InlineData("""  "type":"judge","judge":{"model":"judge"}  """, "spec.scorers[0].judge.prompt: Required value")]
    [InlineData("""  "type":"judge","judge":{"model":"other/judge","prompt":"p"}  """, "write the name of an object in this namespace")]
    [InlineData("""  "type":"judge","judge":{"model":"judge","prompt":"p","concurrency":0}  """, "spec.scorers[0].judge.concurrency in body should be greater than or equal to 1")]
    [InlineData("""  "type":"judge","judge":{"model":"judge","prompt":"p","onlyIfPassed":["nothing"]}  """, "judge.onlyIfPassed names scorers of this gate that are no judges: add a scorer of that name or correct it")]
    [InlineData("""  "type":"judge","judge":{"model":"judge","prompt":"p","onlyIfPassed":["correct"]}  """, "judge.onlyIfPassed names scorers of this gate that are no judges: add a scorer of that name or correct it")]
    [InlineData("""  "type":"isJson","judge":{"model":"judge","prompt":"p"}  """, "judge belongs to a judge scorer: leave it out or set type to judge")]
    [InlineData("""  "type":"isJson","pattern":"x"  """, "pattern belongs to a regex scorer: leave it out or set type to regex")]
    [InlineData("""  "type":"isJson","max":3  """, "unit, min and max belong to a length scorer: leave them out or set type to length")]
    [InlineData("""  "type":"isJson","tolerance":3  """, "tolerance belongs to a numericTolerance scorer: leave it out or set type to numericTolerance")]
    [InlineData("""  "type":"isJson","caseSensitive":true  """, "caseSensitive belongs to an equals or contains scorer")]
    [InlineData("""  "type":"numericTolerance","expected":"expected.n","tolerance":-1  """, "tolerance in body should be greater than or equal to 0")]
    public Task Scorer_is_refused(string scorer, string message) => RefusesAsync("EvalGate", WithScorer.Replace("SCORER", scorer, StringComparison.Ordinal), message);

    [Theory]
    [InlineData("""  "atLeast":-0.1  """, "spec.criteria[0].atLeast in body should be greater than or equal to 0")]
    [InlineData("""  "atLeast":1.1  """, "spec.criteria[0].atLeast in body should be less than or equal to 1")]
    [InlineData("""  "atLeast":0.9,"notWorseThanStable":{"margin":0.1}  """, "a criterion is one thing: either atLeast or notWorseThanStable, split it into two")]
    [InlineData("""  "confidence":0.9  """, "a criterion is one thing: either atLeast or notWorseThanStable, split it into two")]
    [InlineData("""  "atLeast":0.9,"confidence":0.4  """, "confidence in body should be greater than or equal to 0.5")]
    [InlineData("""  "notWorseThanStable":{"margin":0.1},"confidence":0.9  """, "confidence belongs to atLeast: write notWorseThanStable.confidence")]
    [InlineData("""  "notWorseThanStable":{"margin":0}  """, "margin in body should be greater than 0")]
    [InlineData("""  "notWorseThanStable":{"margin":-0.03}  """, "margin in body should be greater than 0")]
    [InlineData("""  "notWorseThanStable":{}  """, "margin: Required value")]
    public Task Criterion_is_refused(string criterion, string message) => RefusesAsync("EvalGate", WithCriterion.Replace("CRITERION", criterion, StringComparison.Ordinal), message);

    [Theory]
    [InlineData("""{"spec":{"candidate":{"url":null}}}""", "spec.candidate.url: Required value")]
    [InlineData("""{"spec":{"gateHash":""}}""", "spec.gateHash in body should be at least 1 chars long")]
    public Task Run_is_refused(string patch, string message) => RefusesAsync("EvalRun", patch, message);

    [Theory]
    [InlineData("""{"spec":{"action":"Approve"}}""", "name the release that you mean (see status.candidate.release, or status.history for a Rollback), so that no other one is moved forward")]
    [InlineData("""{"spec":{"action":"Promote"}}""", "name the release that you mean")]
    [InlineData("""{"spec":{"action":"SkipStep","step":1}}""", "name the release that you mean")]
    [InlineData("""{"spec":{"action":"Rollback"}}""", "name the release that you mean")]
    [InlineData("""{"spec":{"action":"Resume","release":"0123456789"}}""", "Resume is about the whole LlmDeployment: leave release out")]
    [InlineData("""{"spec":{"action":"Retry","step":1}}""", "step goes with Pause, Approve, Promote, SkipStep and Abort: leave it out")]
    [InlineData("""{"spec":{"action":"Rollback","release":"0123456789","step":1}}""", "step goes with Pause, Approve, Promote, SkipStep and Abort: leave it out")]
    [InlineData("""{"spec":{"action":"Evaluate"}}""", "Evaluate names the EvalGate to run, and no other action does: set gate, or leave it out")]
    [InlineData("""{"spec":{"action":"Abort","gate":"quality"}}""", "Evaluate names the EvalGate to run, and no other action does: set gate, or leave it out")]
    [InlineData("""{"spec":{"action":"Evaluate","gate":"quality","step":1}}""", "step goes with Pause, Approve, Promote, SkipStep and Abort: leave it out")]
    [InlineData("""{"spec":{"action":"Abort","step":-1}}""", "spec.step in body should be greater than or equal to 0")]
    [InlineData("""{"spec":{"action":"Delete"}}""", "supported values: \"Pause\", \"Resume\", \"Approve\"")]
    [InlineData("""{"spec":{"deployment":""}}""", "spec.deployment in body should be at least 1 chars long")]
    [InlineData("""{"spec":{"requestedBy":""}}""", "spec.requestedBy in body should be at least 1 chars long")]
    public Task Action_is_refused(string patch, string message) => RefusesAsync("RolloutAction", patch, message);

    [Theory]
    [InlineData("PromptVersion", """{"spec":{"notes":"other words"}}""", "a PromptVersion never changes: create a new one with the next version and name it in the LlmDeployment")]
    [InlineData("PromptVersion", """{"spec":{"messages":[{"role":"system","template":"Be long."}]}}""", "a PromptVersion never changes: create a new one with the next version and name it in the LlmDeployment")]
    [InlineData("PromptVersion", """{"spec":{"parameters":{"responseFormat":{"type":"text"}}}}""", "a PromptVersion never changes")]
    [InlineData("EvalRun", """{"spec":{"gateHash":"ffffffffff"}}""", "an EvalRun never changes: the operator makes a new one")]
    [InlineData("RolloutRecord", """{"spec":{"outcome":"Reverted"}}""", "a RolloutRecord says what was: it never changes")]
    [InlineData("RolloutAction", """{"spec":{"action":"Pause"}}""", "a RolloutAction never changes: create a new one")]
    public async Task Change_of_what_is_immutable_is_refused(string kind, string patch, string message)
    {
        var created = GoodObjects.Minimal(kind);
        created["metadata"]!["name"] = "immutable";
        await server.CreateAsync(GoodObjects.Plural(created), created, dryRun: false);
        AssertRefused(await server.PatchAsync(GoodObjects.Plural(created), "immutable", patch), patch, message);

        // Metadata may change: labels, and the finalizer of prompts that serve.
        Assert.Equal(HttpStatusCode.OK, (await server.PatchAsync(GoodObjects.Plural(created), "immutable", """{"metadata":{"labels":{"a":"b"}}}""")).Status);
    }

    private async Task RefusesAsync(string kind, string patch, string message)
    {
        var bad = Merge(GoodObjects.Minimal(kind), JsonNode.Parse(patch)!)!.AsObject();
        var answer = await server.CreateAsync(GoodObjects.Plural(bad), bad);
        AssertRefused(answer, patch, message);

        // What reads manifests without a server (kubectl llm lint) refuses the same fields, in the same words where they are ours.
        var causes = OfflineRules.Check(bad);
        Assert.Equal(OfflineRules.FieldsOf(answer.Body), causes.Select(c => c.Field).Distinct().Order(StringComparer.Ordinal));
        if (answer.Status == HttpStatusCode.UnprocessableEntity)
            Assert.Contains(causes, c => $"{c.Field}: {c.Message}".Contains(message, StringComparison.Ordinal));
    }

    private static void AssertRefused((HttpStatusCode Status, JsonNode Body) answer, string what, string message)
    {
        Assert.True(answer.Status is HttpStatusCode.UnprocessableEntity or HttpStatusCode.BadRequest, $"{what} was answered {(int)answer.Status}: {answer.Body.ToJsonString()}");
        Assert.Contains(message, answer.Body["message"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    /// <summary>RFC 7396.</summary>
    private static JsonNode? Merge(JsonNode? target, JsonNode? patch)
    {
        if (patch is not JsonObject changes)
            return patch?.DeepClone();
        var result = target is JsonObject o ? (JsonObject)o.DeepClone() : [];
        foreach (var (name, value) in changes)
        {
            if (value is null)
                result.Remove(name);
            else
                result[name] = Merge(result[name], value);
        }

        return result;
    }
}
