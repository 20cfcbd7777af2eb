-- Takes a slot for one message of the bot, if there is one for its rank.
-- KEYS: when the last messages went, newest first; the pause that Telegram asked for; the rank that
-- waits for its turn.
-- ARGV: window in ms; the rank, which is after how many messages within the window it waits; after
-- how many all do; how many ms of its turn a rank may oversleep.
-- Answers how many ms to wait; 0: taken.
local window, rank = tonumber(ARGV[1]), tonumber(ARGV[2])
local pause = redis.call('PTTL', KEYS[2])
if pause > 0 then
  return pause
end
-- When room comes back, it comes for many messages at once: it is for whoever waited for it. A turn
-- that stands for longer than any is from before a clock was put back.
local turn = redis.call('PTTL', KEYS[3])
if turn <= window + ARGV[4] and tonumber(redis.call('GET', KEYS[3]) or 0) > rank then
  return math.max(1, math.min(window, turn))
end
-- Neither in the store's file nor on its replicas: when people were written to is nobody's business,
-- and a second later it is worth nothing. (A snapshot in that second has it. The file is told when
-- the keys run out, as it is of any key, which is a second after the last message of many.)
redis.set_repl(redis.REPL_NONE)
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local oldest = tonumber(redis.call('LINDEX', KEYS[1], rank - 1) or 0)
-- One that lies ahead is from before a clock was put back, and tells nothing.
if oldest <= now and now < oldest + window then
  local left = oldest + window - now
  redis.call('SET', KEYS[3], rank, 'PX', left + ARGV[4])
  return left
end
redis.call('LPUSH', KEYS[1], now)
redis.call('LTRIM', KEYS[1], 0, ARGV[3] - 1)
redis.call('PEXPIRE', KEYS[1], window)
return 0
