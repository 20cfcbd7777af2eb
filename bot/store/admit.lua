-- Whether something may go to the case system. KEYS: pause, down, probe.
-- ARGV: how long a probe may take, in ms, then further commands, which run if it may.
-- Answers the ms to wait (-1: not known, somebody else is the probe), and how many probes failed
-- before this one (-1: it is none).
if not further_may_run(2) then
  return not_allowed()
end
local left = redis.call('PTTL', KEYS[1])
if left > 0 then
  return {left, -1}
end
local failed = redis.call('GET', KEYS[2])
if failed and not redis.call('SET', KEYS[3], 1, 'NX', 'PX', ARGV[1]) then
  return {-1, -1}
end
run_further(2)
return {0, tonumber(failed or -1)}
