-- Stands before every script. Further commands follow a script's own words, from `at` on, each as:
-- number of words, words. The store checks each command against its caller when it runs, which would
-- be too late for "all or nothing": a script asks for all of them first.
local function further_may_run(at)
  while at <= #ARGV do
    local count = tonumber(ARGV[at])
    if not redis.acl_check_cmd(unpack(ARGV, at + 1, at + count)) then
      return false
    end
    at = at + count + 1
  end
  return true
end
local function run_further(at)
  while at <= #ARGV do
    local count = tonumber(ARGV[at])
    redis.call(unpack(ARGV, at + 1, at + count))
    at = at + count + 1
  end
end
local function not_allowed()
  return redis.error_reply('NOPERM this user may not run all of it')
end
