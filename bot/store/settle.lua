-- Ends a lease, if it is still the newest one; wait is a retry that was no attempt. KEYS: due, bodies, leases, parked.
-- ARGV: id, fence, done | retry | wait | park, milliseconds | reason, then further commands.
local id, fence, outcome, detail = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local lease = redis.call('HGET', KEYS[3], id)
if not lease or string.match(lease, '^(%d+):') ~= fence then
  return 0
end
if not further_may_run(5) then
  return not_allowed()
end
-- What follows comes first: the store takes nothing back of a script that fails half-way, and what
-- is ended already would not be tried again.
run_further(5)
if outcome == 'retry' or outcome == 'wait' then
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  redis.call('ZADD', KEYS[1], now + detail, id)
  local attempts, deaths = string.match(lease, ':(%d+):(%d+)')
  -- Whoever only waits may still be what its worker dies of.
  local after = outcome == 'wait' and attempts - 1 .. ':' .. deaths or attempts .. ':0'
  redis.call('HSET', KEYS[3], id, '0:' .. after)
else
  redis.call('ZREM', KEYS[1], id)
  if outcome == 'park' then
    -- The count of attempts stays, so that what is put back is looked up before it is sent again.
    redis.call('HSET', KEYS[3], id, '0:' .. string.match(lease, ':(%d+):') .. ':0')
    redis.call('HSET', KEYS[4], id, detail)
  else
    redis.call('HDEL', KEYS[3], id)
    redis.call('HDEL', KEYS[2], id)
  end
end
return 1
