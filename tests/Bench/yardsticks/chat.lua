-- SPDX-License-Identifier: Apache-2.0
-- wrk: posts the body of a file, each request from another session, and prints what came of it as one line of JSON.
local requests, next_request = {}, 0

function init(args)
  local file = assert(io.open(args[1], "r"))
  local body = file:read("*a")
  file:close()
  for i = 1, 1024 do
    requests[i] = wrk.format("POST", nil, { ["content-type"] = "application/json", ["x-llmops-session"] = "session-" .. i }, body)
  end
end

function request()
  next_request = next_request % #requests + 1
  return requests[next_request]
end

function done(summary, latency, _)
  local e = summary.errors
  io.write(string.format(
    'RESULT {"requests": %d, "seconds": %.6f, "p50Us": %d, "p99Us": %d, "errors": %d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50), latency:percentile(99),
    e.connect + e.read + e.write + e.status + e.timeout))
end
