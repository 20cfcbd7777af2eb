-- Nothing goes to the case system for a while; a longer pause that stands already stays.
-- KEYS: pause, down, probe. ARGV: for how long, in ms; how long it is known to be down, in ms; how many
-- probes failed, if it was the probe that tells this, else empty.
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[1]) then
  redis.call('SET', KEYS[1], 1, 'PX', ARGV[1])
end
if ARGV[3] == '' then
  redis.call('SET', KEYS[2], 0, 'NX')
else
  redis.call('SET', KEYS[2], ARGV[3])
  redis.call('DEL', KEYS[3])
end
redis.call('PEXPIRE', KEYS[2], ARGV[2])
