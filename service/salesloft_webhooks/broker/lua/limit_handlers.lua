#!lua flags=allow-oom
-- Writes down what somebody says of the limits of a group's handlers.
--
-- KEYS  1 the stream of partition 0
-- ARGV  1 group   2 who: 'hand' (of those named) | 'author' (of all: what is said of others is forgotten)
--       3 '1': only if that has said nothing; else 0   then two for each handler: its name, '<running> <rate>[ <key>]', or ''
--       for nothing said; of what is said by hand '-' leaves that limit as it was said by hand before
-- Result: how many handlers are named
--@include partition
--@include group
local said, who = group_base .. ':limit', ARGV[2]
if who == 'author' then
  local before = {}
  for _, field in ipairs(redis.call('HKEYS', said)) do
    if string.sub(field, 1, 7) == 'author ' then
      before[#before + 1] = field
    end
  end
  if #before > 0 and ARGV[3] == '1' then
    return 0
  end
  for _, field in ipairs(before) do
    redis.call('HDEL', said, field)
  end
end
for at = 4, #ARGV, 2 do
  local field, words = who .. ' ' .. ARGV[at], ARGV[at + 1]
  if words == '' then
    redis.call('HDEL', said, field)
  elseif who == 'hand' then
    local running, rate = string.match(words, '^(%S+) (%S+)')
    local running_before, rate_before = string.match(redis.call('HGET', said, field) or '', '^(%S+) (%S+)')
    running = running == '-' and running_before or running
    redis.call('HSET', said, field, running .. ' ' .. (rate == '-' and rate_before or rate))
  else
    redis.call('HSET', said, field, words)
  end
end
return (#ARGV - 3) / 2
