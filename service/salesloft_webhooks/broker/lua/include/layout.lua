-- By which number of partitions is stored here, and where earlier ones have ended. Needs: partition.
local layout = base .. 'layout'

local function layout_here()
  return tonumber(redis.call('HGET', layout, 'partitions') or '')
end

-- The last entry that was stored here by a number of partitions; '' when it has not ended.
local function end_of(number)
  return string.match(redis.call('HGET', layout, number) or '', '^%S*')
end

-- When the caller spreads events by another number than is in force here: 'moved' for each of its rows, else nil. It
-- has stored nothing then, and comes again when it knows the number. A partition that nobody has told takes any.
local function moved(number, rows)
  if (layout_here() or tonumber(number)) == tonumber(number) then
    return nil
  end
  local answers = {}
  for row = 1, rows do
    answers[row] = 'moved'
  end
  return answers
end
