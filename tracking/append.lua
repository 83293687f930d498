-- Takes in a group of hits: drops refreshes, adds the rest as one stream entry, then remembers
-- each as counted. In this order, because a script has no rollback: were a key set before an
-- XADD that fails, the opening would be hidden for an hour.
--
-- KEYS: the stream, then one filter key per hit (pixel and reader); the stream again for a hit of a
-- page, of which none is a refresh
-- ARGV: refresh window (ms), life of a filter key (ms), 1 where replicas are waited for afterwards
-- or 0, then per hit: at (ms), event id, packed hit
-- Answers 1 (in the stream) or 0 (a refresh) per hit.
local window, life, replicas = tonumber(ARGV[1]), ARGV[2], ARGV[3] == '1'
local answers, entry, counted = {}, {}, {}
for hit = 1, #KEYS - 1 do
  local key, argument = KEYS[hit + 1], 3 * hit + 1
  local at = tonumber(ARGV[argument])
  -- A twin in this very group counts as much as an opening of an earlier one.
  local filtered = key ~= KEYS[1]
  local before = filtered and (counted[key] or tonumber(redis.call('GET', key)))
  if before and math.abs(at - before) < window then
    answers[hit] = 0
    if replicas then
      -- A refresh stands on the opening that another connection may still wait to be safe: by a
      -- write after it, this one waits for it too.
      redis.call('PEXPIRE', key, life)
    end
  else
    answers[hit] = 1
    if filtered then
      counted[key] = at
    end
    entry[#entry + 1] = ARGV[argument + 1]
    entry[#entry + 1] = ARGV[argument + 2]
  end
end
if #entry > 0 then
  redis.call('XADD', KEYS[1], '*', unpack(entry))
  for key, at in pairs(counted) do
    redis.call('SET', key, string.format('%.0f', at), 'PX', life)
  end
end
return answers
