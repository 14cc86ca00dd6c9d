#!lua flags=allow-oom
-- Says what one source wants a group to be limited to, and what holds from now on: also on a full server.
--
-- KEYS  1 the stream of partition 0
-- ARGV  1 group   2 source: 'hand' | 'declared' | 'author'   3 'running rate', each a value, 'none', or '-': nothing is
--       said of it; '': the source says nothing (any more)   4 1: only where the source has said nothing; else 0
--       5 who the source is, for people; may be empty
--       In another partition: 2 ''   3 what holds, as the clock of partition 0 has it; who dies before all have it leaves
--       that to the takes
-- Result: the limits as the clock has them now, for the other partitions; '' when nothing was ever limited
--
-- What somebody has said by hand comes first, then what is declared in Kubernetes, then what the authors of the handlers say:
-- for each of the two limits by itself.
--@include partition
--@include group
--@include limits
local source, words = ARGV[2], ARGV[3]
local sources = group_base .. ':limits'
local stored = redis.call('HGET', clock, limits.field) or ''
if source == '' then
  limits.adopt(stored, words)
  return redis.call('HGET', clock, limits.field) or ''
end
if ARGV[4] ~= '1' or redis.call('HEXISTS', sources, source) == 0 then
  if words == '' and source == 'author' then
    -- Not forgotten: workers of an earlier version that are still there would else bring back what theirs said.
    if redis.call('HEXISTS', sources, source) == 1 then
      redis.call('HSET', sources, source, '- -')
    end
  elseif words == '' then
    redis.call('HDEL', sources, source)
  else
    redis.call('HSET', sources, source, ARGV[5] == '' and words or words .. ' ' .. ARGV[5])
  end
end

local said = redis.call('HMGET', sources, 'hand', 'declared', 'author')
local function first(pattern)
  for at = 1, 3 do
    local value = string.match(said[at] or '', pattern)
    if value and value ~= '-' then
      return value == 'none' and '-' or value
    end
  end
  return '-'
end

local text = first('^(%S+) %S+') .. ' ' .. first('^%S+ (%S+)')
if text == string.match(stored, '^%d+ (.*)$') or (stored == '' and text == '- -') then
  return stored
end
-- By the clock, so that it goes on where an older copy of the store has been restored.
stored = ms(math.max(wall, limits.number_of(stored) + 1)) .. ' ' .. text
redis.call('HSET', clock, limits.field, stored)
return stored
