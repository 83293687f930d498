-- Keeps an opening, unless this reader has opened the pixel within the hour; 1 or 0.
-- KEYS: of pixel and reader, the stream. ARGV: life of the key (ms), then what the entry holds.
if redis.call('EXISTS', KEYS[1]) == 1 then
  return 0
end
redis.call('XADD', KEYS[2], '*', 'pixel', ARGV[2], 'at', ARGV[3], 'agent', ARGV[4], 'ip', ARGV[5])
redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[1])
return 1
