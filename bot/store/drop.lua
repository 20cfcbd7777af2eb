-- Parked work is nobody's any more, all or nothing. KEYS: bodies, leases, parked.
-- ARGV: id, then further commands. Answers whether it was parked.
if not further_may_run(2) then
  return not_allowed()
end
if redis.call('HEXISTS', KEYS[3], ARGV[1]) == 0 then
  return 0
end
-- First, because the store takes nothing back of a script that fails half-way.
run_further(2)
redis.call('HDEL', KEYS[2], ARGV[1])
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[3], ARGV[1])
return 1
