-- What limits a group, as its clock has it in every partition: '<number> <running> <rate>'. The greater number is newer;
-- what does not limit is '-'; a rate is '<count>/<ms>/<burst>'. In a table: Lua allows 200 names in a function. Needs: group.
local limits = { field = 'limits' }

function limits.number_of(text)
  return tonumber(string.match(text, '^%d+') or 0)
end

function limits.are_any(text)
  return text ~= '' and string.match(text, '^%d+ %- %-$') == nil
end

-- Writes down limits that are newer than what stands here.
function limits.adopt(stored, text)
  if limits.number_of(text) > limits.number_of(stored) then
    redis.call('HSET', clock, limits.field, text)
  end
end

-- How many may run, the ms between two that begin, and how many may begin at once; nil each for what does not limit.
function limits.read(text)
  local running, rate = string.match(text, '^%d+ (%S+) (%S+)$')
  local count, period, burst = string.match(rate or '', '^([1-9]%d*)/([1-9]%d*)/([1-9]%d*)$')
  running = tonumber(string.match(running or '', '^[1-9]%d*$') or '')
  return running, count and tonumber(period) / tonumber(count), tonumber(burst or '')
end
