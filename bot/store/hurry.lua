-- Makes due at once whatever waits and is in nobody's hands, all or nothing. KEYS: due, leases.
-- ARGV: further commands. Answers how many that are.
if not further_may_run(1) then
  return not_allowed()
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local hurried = 0
for _, id in ipairs(redis.call('ZRANGE', KEYS[1], '(' .. now, '+inf', 'BYSCORE')) do
  local lease = redis.call('HGET', KEYS[2], id)
  if not lease or string.match(lease, '^0:') then
    redis.call('ZADD', KEYS[1], now, id)
    hurried = hurried + 1
  end
end
run_further(1)
return hurried
