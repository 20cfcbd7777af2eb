-- Parked work is nobody's any more, all or nothing. KEYS: bodies, leases, parked.
-- ARGV: id, then further commands. Answers whether it was parked.
if not further_may_run(2) then
  return not_allowed()
end
if redis.call('HDEL', KEYS[3], ARGV[1]) == 0 then
  return 0
end
redis.call('HDEL', KEYS[2], ARGV[1])
redis.call('HDEL', KEYS[1], ARGV[1])
run_further(2)
return 1
