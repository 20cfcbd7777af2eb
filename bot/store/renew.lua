-- Makes leases last longer, of those that are still the newest. KEYS: due, leases.
-- ARGV: lease in ms, then id, fence of each. Answers the ids that are still held.
local time = redis.call('TIME')
local until_then = time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[1]
local held = {}
for at = 2, #ARGV, 2 do
  local lease = redis.call('HGET', KEYS[2], ARGV[at])
  if lease and string.match(lease, '^(%d+):') == ARGV[at + 1] then
    redis.call('ZADD', KEYS[1], 'XX', until_then, ARGV[at])
    held[#held + 1] = ARGV[at]
  end
end
return held
