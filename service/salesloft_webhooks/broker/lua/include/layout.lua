-- Shared by the scripts that publish: by which number of partitions is stored here. Needs: partition.
local layout = base .. 'layout'

local function layout_here()
  return tonumber(redis.call('HGET', layout, 'partitions') or '')
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
