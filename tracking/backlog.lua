-- What waits in a stream: entries, those of them that a consumer has read, age of the oldest (ms).
-- Entries leave the stream when they are acknowledged; the oldest is named without what it holds.
local pending = redis.pcall('XPENDING', KEYS[1], ARGV[1])
local oldest = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1]
local age = 0
if oldest then
    local now = redis.call('TIME')
    age = now[1] * 1000 + math.floor(now[2] / 1000) - string.match(oldest[1], '^%d+')
end
return {redis.call('XLEN', KEYS[1]), pending.err and 0 or pending[1], age}
