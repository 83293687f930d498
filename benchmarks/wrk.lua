-- What wrk sends, for a window of seconds: wrk … -- track|stats SECONDS
-- After the window nothing new is sent, so that wrk, which runs a bit longer, has an answer to each
-- request: what it counts is what was acknowledged.

local ffi = require("ffi")
ffi.cdef [[
  struct moment { long seconds; long nanoseconds; };
  int clock_gettime(int clock, struct moment *now);
]]

local VIEWS, PAGES, VISITORS = 20000, 50, 10000
local moment = ffi.new("struct moment")
local requests, next_one, sends_until, window = {}, 0, nil, nil

local function now()
  ffi.C.clock_gettime(1, moment) -- CLOCK_MONOTONIC
  return tonumber(moment.seconds) + tonumber(moment.nanoseconds) / 1e9
end

function init(arguments)
  window = tonumber(arguments[2])
  if arguments[1] == "stats" then
    requests[1] = wrk.format("GET", "/stats")
    return
  end
  math.randomseed(1)
  local headers = {["Content-Type"] = "application/json"}
  for view = 1, VIEWS do
    local body = string.format(
      '{"page_id": "page-%d", "user_id": "visitor-%d"}',
      math.random(PAGES), math.random(VISITORS)
    )
    requests[view] = wrk.format("POST", "/track", headers, body)
  end
end

function delay()
  sends_until = sends_until or now() + window
  return now() < sends_until and 0 or 3600000
end

function request()
  next_one = next_one % #requests + 1
  return requests[next_one]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    'FOUND {"answers": %d, "refused": %d, "broken": %d, "p50": %.3f, "p99": %.3f}\n',
    summary.requests, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000
  ))
end
