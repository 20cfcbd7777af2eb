-- Before something that cannot be undone: if a lease is still the newest one, it lasts longer and
-- further commands run, which say what is begun. KEYS: due, leases.
-- ARGV: id, fence, lease in ms, then further commands. Answers whether it is still held.
local lease = redis.call('HGET', KEYS[2], ARGV[1])
if not lease or string.match(lease, '^(%d+):') ~= ARGV[2] then
  return 0
end
if not further_may_run(4) then
  return not_allowed()
end
local time = redis.call('TIME')
redis.call('ZADD', KEYS[1], 'XX', time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[3], ARGV[1])
run_further(4)
return 1
