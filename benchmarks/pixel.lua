-- What wrk sends, for a window of seconds:
--   wrk … -- TOKENS FIRST COUNT SECONDS SENT [again] [readers=NUMBER] [RATE]
-- Requests for pixels, by the tokens in a file (one a line): COUNT of them from number FIRST on,
-- after the last one the first again. SENT is how many requests went to the same server before, by
-- which this goes on where they ended. Each request has a User-Agent of its own; with "again" a
-- pixel has one, and whoever comes back to it is the same reader; with "readers" there are so many
-- User-Agents, and whoever comes back to a pixel is the next of them. With a RATE, so many are due
-- a second; without one, each is as soon as a connection is free. After the window nothing new is
-- sent, so that wrk, which runs a bit longer, has an answer to each request.

local ffi = require("ffi")
ffi.cdef [[
  struct moment { long seconds; long nanoseconds; };
  int clock_gettime(int clock, struct moment *now);
  void *malloc(size_t bytes);
  size_t fread(void *to, size_t size, size_t count, void *file);
]]

local TEXT = "GET /p/%s.gif HTTP/1.1\r\nHost: 127.0.0.1\r\n" ..
  "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:%d.0) Gecko/20100101 Thunderbird/%d.0\r\n" ..
  "Accept: image/avif,image/webp,*/*\r\nAccept-Encoding: gzip, deflate\r\n\r\n"
local moment = ffi.new("struct moment")
-- All tokens are in memory of C, and begin at these places of it: Lua would look through millions of
-- texts again and again for what may be thrown away, at the cost of whoever shares the processor.
local text, begins, count = nil, nil, 0
local next_one, again, readers, sends_until, window = 0, false, nil, nil, nil
local pause, due = 0, 0
local NEVER = 3600000

local function now()
  ffi.C.clock_gettime(1, moment) -- CLOCK_MONOTONIC
  return tonumber(moment.seconds) + tonumber(moment.nanoseconds) / 1e9
end

local function read_tokens(path, first, most)
  local file = assert(io.open(path, "rb"))
  local bytes = file:seek("end")
  file:seek("set", 0)
  text = ffi.cast("char *", ffi.C.malloc(bytes))
  assert(ffi.C.fread(text, 1, bytes, file) == bytes)
  file:close()
  begins = ffi.new("uint32_t[?]", most + 1)
  local line, began = 0, 0
  for place = 0, bytes - 1 do
    if text[place] == 10 then
      if line >= first and count < most then
        begins[count] = began
        count = count + 1
        begins[count] = place + 1 -- where the next one begins
      end
      line, began = line + 1, place + 1
    end
  end
end

local function token(place)
  return ffi.string(text + begins[place], begins[place + 1] - begins[place] - 1)
end

function init(arguments)
  local first = tonumber(arguments[2])
  window, next_one = tonumber(arguments[4]), tonumber(arguments[5])
  for place = 6, #arguments do
    local many = arguments[place]:match("^readers=(%d+)$")
    if arguments[place] == "again" then
      again = true
    elseif many then
      readers = tonumber(many)
    else
      pause = 1 / tonumber(arguments[place])
    end
  end
  read_tokens(arguments[1], first, tonumber(arguments[3]))
end

function delay()
  local at = now()
  sends_until = sends_until or at + window
  due = pause > 0 and (due > 0 and due + pause or at) or at
  if math.max(due, at) >= sends_until then
    return NEVER
  end
  return math.max(0, math.floor((due - at) * 1000))
end

function request()
  local place = next_one % count
  local reader = again and place or next_one
  if readers then
    reader = (place + math.floor(next_one / count)) % readers
  end
  next_one = next_one + 1
  return string.format(TEXT, token(place), reader, reader)
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    'FOUND {"answers": %d, "bytes": %d, "refused": %d, "broken": %d, "p50": %.3f, "p99": %.3f}\n',
    summary.requests, summary.bytes, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000
  ))
end
