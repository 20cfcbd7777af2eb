-- Makes parked work due again, all or nothing. KEYS: due, leases, parked.
-- ARGV: id, whether as if it was never tried. Answers whether it was parked.
if redis.call('HEXISTS', KEYS[3], ARGV[1]) == 0 then
  return 0
end
-- Due before it is parked no more: the store takes nothing back of a script that fails half-way.
redis.call('ZADD', KEYS[1], 'NX', 0, ARGV[1])
if ARGV[2] == '1' then
  redis.call('HDEL', KEYS[2], ARGV[1])
end
redis.call('HDEL', KEYS[3], ARGV[1])
return 1
