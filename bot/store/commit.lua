-- One turn, all or nothing: the value under KEYS[1] becomes ARGV[2] (kept until ARGV[3], in seconds since 1970) and
-- every further command runs, if its first 12 bytes are still ARGV[1] (empty: if there is none).
if redis.call('GETRANGE', KEYS[1], 0, 11) ~= ARGV[1] then
  return 0
end
if not further_may_run(4) then
  return not_allowed()
end
-- The store takes nothing back of a script that fails half-way, as on a key of another type. So the
-- value, which says that all of it is there, comes last.
run_further(4)
redis.call('SET', KEYS[1], ARGV[2], 'EXAT', ARGV[3])
return 1
