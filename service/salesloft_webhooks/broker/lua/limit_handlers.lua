#!lua flags=allow-oom
-- Writes down what somebody says of the limits of a group's handlers.
--
-- KEYS  1 the stream of partition 0
-- ARGV  1 group   2 who: 'hand', 'declared' (of those named) | 'author' (of all: what is said of others is forgotten)
--       3 'repeated': only if that has said nothing; 'further': '-' leaves a limit as it was said before; else ''
--       then two for each handler: its name, '<running> <rate>[ <key, or who declares it>]', or '' for nothing said
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
  if #before > 0 and ARGV[3] == 'repeated' then
    return 0
  end
  for _, field in ipairs(before) do
    redis.call('HDEL', said, field)
  end
end
for at = 4, #ARGV, 2 do
  local field, words = who .. ' ' .. ARGV[at], ARGV[at + 1]
  if words ~= '' and ARGV[3] == 'further' then
    local running, rate = string.match(words, '^(%S+) (%S+)')
    local running_before, rate_before = string.match(redis.call('HGET', said, field) or '', '^(%S+) (%S+)')
    running = running == '-' and running_before or running
    words = running .. ' ' .. (rate == '-' and rate_before or rate)
  end
  if words == '' then
    redis.call('HDEL', said, field)
  else
    redis.call('HSET', said, field, words)
  end
end
return (#ARGV - 3) / 2
