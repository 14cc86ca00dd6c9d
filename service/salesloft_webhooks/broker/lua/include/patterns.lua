-- Event patterns on the server: the same meaning as `event_patterns.py` gives them; a test compares the two.
-- Within the grammar only '*' (any bytes, or none) and '?' (one byte) are special. Takes time in proportion to the
-- lengths of pattern and text multiplied: Lua's own patterns may take for ever, and the server waits meanwhile.
local pattern_matches, is_task, matches_one_of
do -- a script has room for 200 local names
  local ANY, ONE, TASK = 42, 63, 'follow_up/'

  function pattern_matches(pattern, text)
    local at, position, retry_at, retry_position = 1, 1, nil, nil
    while position <= #text do
      local sign = string.byte(pattern, at)
      if sign == ANY then
        at = at + 1
        retry_at, retry_position = at, position
      elseif sign == ONE or sign == string.byte(text, position) then
        at, position = at + 1, position + 1
      elseif retry_at then
        retry_position = retry_position + 1
        at, position = retry_at, retry_position
      else
        return false
      end
    end
    while string.byte(pattern, at) == ANY do
      at = at + 1
    end
    return at > #pattern
  end

  -- Whether it is the type of a named task (follow_ups.py): no pattern matches one, it is named whole.
  function is_task(event_type)
    return string.sub(event_type, 1, #TASK) == TASK
  end

  -- Whether an event type is what one of the patterns means; `patterns` is their text, separated by commas.
  function matches_one_of(patterns, event_type)
    local named_whole = is_task(event_type)
    for pattern in string.gmatch(patterns, '[^,]+') do
      if pattern == event_type or not named_whole and pattern_matches(pattern, event_type) then
        return true
      end
    end
    return false
  end
end
