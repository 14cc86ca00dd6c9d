-- What limits a group, as its clock has it in every partition: '<number> <running> <rate>|<hand>|<declared>|<author>'. The
-- greater number is newer. What does not limit is '-'; a rate is '<count>/<ms>/<burst>'. Behind that what each source says:
-- '<running> <rate>[ <who>]', '' for nothing; so whoever knows what holds knows why. In a table: Lua allows 200 names in a
-- function. Needs: group.
local limits = { field = 'limits' }

function limits.number_of(text)
  return tonumber(string.match(text, '^%d+') or 0)
end

function limits.are_any(text)
  return text ~= '' and string.match(text .. '|', '^%d+ %- %-|') == nil
end

-- Writes down limits that are newer than what stands here; the newer of the two.
function limits.adopt(stored, text)
  if limits.number_of(text) <= limits.number_of(stored) then
    return stored
  end
  redis.call('HSET', clock, limits.field, text)
  return text
end

-- What is said first of one of the two limits, by those who are believed in this order; '-': nothing.
limits.running_word, limits.rate_word = '^(%S+) %S+', '^%S+ (%S+)'
function limits.first(several, pattern)
  for _, said in ipairs(several) do
    local word = string.match(said, pattern)
    if word and word ~= '-' then
      return word
    end
  end
  return '-'
end

-- How many may run, the ms between two that begin, and how many may begin at once; nil each for what does not limit.
function limits.read(text)
  local running, rate = string.match(text, '^%d+ ([^ |]+) ([^ |]+)')
  local count, period, burst = string.match(rate or '', '^([1-9]%d*)/([1-9]%d*)/([1-9]%d*)$')
  running = tonumber(string.match(running or '', '^[1-9]%d*$') or '')
  return running, count and tonumber(period) / tonumber(count), tonumber(burst or '')
end
