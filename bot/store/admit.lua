-- Whether something may go to the case system. KEYS: pause, down, probe.
-- ARGV: how long a probe may take, in ms.
-- Answers the ms to wait (-1: not known, somebody else is the probe), and how many probes failed
-- before this one (-1: it is none).
local left = redis.call('PTTL', KEYS[1])
if left > 0 then
  return {left, -1}
end
local failed = redis.call('GET', KEYS[2])
if failed and not redis.call('SET', KEYS[3], 1, 'NX', 'PX', ARGV[1]) then
  return {-1, -1}
end
return {0, tonumber(failed or -1)}
