-- One turn, all or nothing: the value under KEYS[1] becomes ARGV[2] (kept until ARGV[3], in seconds since 1970) and
-- every further command runs, if its first 12 bytes are still ARGV[1] (empty: if there is none).
-- Further commands follow as: number of words, words.
if redis.call('GETRANGE', KEYS[1], 0, 11) ~= ARGV[1] then
  return 0
end
-- The store checks each command against its caller when it runs, which would be too late for "all or
-- nothing": ask for all of them first.
local at = 4
while at <= #ARGV do
  local count = tonumber(ARGV[at])
  if not redis.acl_check_cmd(unpack(ARGV, at + 1, at + count)) then
    return redis.error_reply('NOPERM this user may not run all of it')
  end
  at = at + count + 1
end
redis.call('SET', KEYS[1], ARGV[2], 'EXAT', ARGV[3])
at = 4
while at <= #ARGV do
  local count = tonumber(ARGV[at])
  redis.call(unpack(ARGV, at + 1, at + count))
  at = at + count + 1
end
return 1
