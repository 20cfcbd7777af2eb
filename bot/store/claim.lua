-- Leases what is due. KEYS: due, bodies, leases, fence, parked.
-- ARGV: how many at most, lease in ms, deaths that make a suspect, deaths that are too many, whether
-- a suspect may be had, who claims (empty: nobody in particular), random digits.
-- Each fence ends with the digits: after a failover or a power cut the store may count fences out
-- again, and whoever had one of those is not to be taken for its new holder.
-- A lease is a due time in the future: when it runs out, the entry is simply due again. A lease that
-- nobody ended counts as a death of whoever had it, unless that is who claims: the answer to an
-- earlier claim was lost. A suspect is leased alone, so that nothing else
-- goes down with it; what saw too many deaths is parked.
-- Answers whether a suspect waits, the entries, and why something was parked, for each that was.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local claimed, innocent, suspects, parked = {}, {}, {}, {}
local function lease(one)
  local fence = redis.call('INCR', KEYS[4]) .. ARGV[7]
  redis.call('HSET', KEYS[3], one.id, fence .. ':' .. one.attempts + 1 .. ':' .. one.deaths .. ':' .. ARGV[6])
  redis.call('ZADD', KEYS[1], now + ARGV[2], one.id)
  local body = redis.call('HGET', KEYS[2], one.id) or ''
  claimed[#claimed + 1] = {one.id, body, fence, one.attempts + 1, one.deaths}
end
for _, id in ipairs(redis.call('ZRANGE', KEYS[1], '-inf', now, 'BYSCORE', 'LIMIT', 0, ARGV[1] * 2)) do
  local before = redis.call('HGET', KEYS[3], id) or '0:0:0'
  local held, attempts, deaths, who = string.match(before, '^(%d+):(%d+):(%d+):?(.*)$')
  local alive = held == '0' or (who ~= '' and who == ARGV[6])
  deaths = tonumber(deaths) + (alive and 0 or 1)
  if deaths >= tonumber(ARGV[4]) then
    -- Parked before it is due no more: the store takes nothing back of a script that fails half-way.
    parked[#parked + 1] = 'nobody who took it up came back, ' .. deaths .. ' times'
    redis.call('HSET', KEYS[5], id, parked[#parked])
    redis.call('HSET', KEYS[3], id, '0:' .. attempts .. ':0')
    redis.call('ZREM', KEYS[1], id)
  else
    local group = deaths >= tonumber(ARGV[3]) and suspects or innocent
    group[#group + 1] = {id = id, attempts = tonumber(attempts), deaths = deaths}
  end
end
if #suspects > 0 and ARGV[5] == '1' then
  lease(suspects[1])
  return {1, claimed, parked}
end
for at = 1, math.min(#innocent, tonumber(ARGV[1])) do
  lease(innocent[at])
end
return {#suspects > 0 and 1 or 0, claimed, parked}
