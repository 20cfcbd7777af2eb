-- Leases what is due. KEYS: due, bodies, leases, fence. ARGV: how many at most, lease in ms.
-- A lease is a due time in the future: when it runs out, the entry is simply due again.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local claimed = {}
for _, id in ipairs(redis.call('ZRANGE', KEYS[1], '-inf', now, 'BYSCORE', 'LIMIT', 0, ARGV[1])) do
  local fence = redis.call('INCR', KEYS[4])
  local lease = redis.call('HGET', KEYS[3], id)
  local attempts = lease and tonumber(string.match(lease, ':(%d+)$')) or 0
  redis.call('HSET', KEYS[3], id, fence .. ':' .. attempts + 1)
  redis.call('ZADD', KEYS[1], now + ARGV[2], id)
  claimed[#claimed + 1] = {id, redis.call('HGET', KEYS[2], id) or '', fence, attempts + 1}
end
return claimed
