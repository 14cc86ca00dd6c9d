#!lua flags=allow-oom
-- Says what one source wants a group to be limited to, and what holds from now on: also on a full server.
--
-- KEYS  1 the stream of partition 0
-- ARGV  1 group   2 source: 'hand' | 'declared' | 'author'   3 'running rate', each a value, 'none', or '-': nothing is
--       said of it, and behind that who says it; '': the source says nothing (any more)
--       4 'repeated': a worker repeats what its authors say, which it does every minute or so (worker/maintenance.py);
--         'further': of what nothing is said, what was said before stays; else ''
--       In another partition: 2 ''   3 what holds, as the clock of partition 0 has it; who dies before all have it leaves
--       that to the workers' heartbeats and takes
-- Result: the limits as the clock has them now, for the other partitions; '' when nothing was ever limited
--
-- What somebody has said by hand comes first, then what is declared in Kubernetes, then what the authors of the handlers say:
-- for each of the two limits by itself.
--@include partition
--@include group
--@include limits
local AUTHORS_MS = 300000
local source, words = ARGV[2], ARGV[3]
local stored = redis.call('HGET', clock, limits.field) or ''
if source == '' then
  return limits.adopt(stored, words)
end

local said = {}
said.hand, said.declared, said.author = string.match(stored, '^[^|]*|([^|]*)|([^|]*)|([^|]*)$')
if source == 'author' then
  -- Of two versions that say different things, that of the worker which started last holds for as long as anybody says the
  -- same; so one that says nothing leaves that it does, or workers of an earlier one would bring theirs back.
  local known = said.author or ''
  words = words == '' and known ~= '' and '- -' or words
  local said_at = tonumber(redis.call('HGET', clock, 'limits_said') or 0)
  if ARGV[4] == 'repeated' and known ~= '' and words ~= known and now - said_at < AUTHORS_MS then
    return stored
  elseif words ~= '' then
    redis.call('HSET', clock, 'limits_said', ms(now))
  end
end
if ARGV[4] == 'further' then
  local running, rate = string.match(said[source] or '', '^(%S+) (%S+)')
  local new_running, new_rate = string.match(words, '^(%S+) (%S+)')
  words = (new_running == '-' and running or new_running) .. ' ' .. (new_rate == '-' and rate or new_rate)
end
said[source] = words

local function first(pattern)
  local word = limits.first({ said.hand or '', said.declared or '', said.author or '' }, pattern)
  return word == 'none' and '-' or word
end

local text = table.concat({ first(limits.running_word) .. ' ' .. first(limits.rate_word), said.hand or '',
  said.declared or '', said.author or '' }, '|')
if text == string.match(stored, '^%d+ (.*)$') or (stored == '' and text == '- -|||') then
  return stored
end
-- By the clock, so that it goes on where an older copy of the store has been restored.
stored = ms(math.max(wall, limits.number_of(stored) + 1)) .. ' ' .. text
redis.call('HSET', clock, limits.field, stored)
return stored
