-- Parked work is nobody's any more, all or nothing. KEYS: bodies, leases, parked.
-- ARGV: id, then further commands as in commit.lua. Answers whether it was parked.
local at = 2
while at <= #ARGV do
  local count = tonumber(ARGV[at])
  if not redis.acl_check_cmd(unpack(ARGV, at + 1, at + count)) then
    return redis.error_reply('NOPERM this user may not run all of it')
  end
  at = at + count + 1
end
if redis.call('HDEL', KEYS[3], ARGV[1]) == 0 then
  return 0
end
redis.call('HDEL', KEYS[2], ARGV[1])
redis.call('HDEL', KEYS[1], ARGV[1])
at = 2
while at <= #ARGV do
  local count = tonumber(ARGV[at])
  redis.call(unpack(ARGV, at + 1, at + count))
  at = at + count + 1
end
return 1
