-- Follow-ups of debounced handlers: which of two is of the later event, and when one is due. Decision 100.
--
-- Their ids say the order of the events that have asked: version (microseconds), entry, and the resource that is meant ('0':
-- it says no version). Versions are compared of one resource only. So of one subject that of the last event stays, in whatever order they are asked for, also when it waits no more. When the first of
-- those was asked for that have taken each other's place stands in the row of the one that waits.
local debounced = {}
do -- a script has room for 200 local names
  local function order_of(id)
    local version, at, number, resource = string.match(id, '^follow%-up/(%d+)%-(%d+)%-(%d+)%-(%x+)/')
    return version and { tonumber(version), tonumber(at), tonumber(number), resource = resource }
  end

  function debounced.is_one(id)
    return order_of(id) ~= nil
  end

  -- Whether one is of an earlier event than another; nil when they are not both of debounced handlers.
  function debounced.is_of_earlier(id, other)
    local order, other_order = order_of(id), order_of(other)
    if not order or not other_order then
      return nil
    end
    local of_one = order.resource == other_order.resource and order.resource ~= '0'
    for place = of_one and 1 or 2, 3 do
      if order[place] ~= other_order[place] then
        return order[place] < other_order[place]
      end
    end
    return false
  end

  -- Whether a follow-up comes before another of its subject, which then stays: of debounced handlers by their events, else
  -- by the ms when they were asked for.
  function debounced.comes_before(id, asked, other, other_asked)
    local earlier = debounced.is_of_earlier(id, other)
    if earlier == nil then
      return asked < other_asked
    end
    return earlier
  end

  -- When one was asked for and is due that takes the place of what has waited since `first` (nil: of nothing), ms: it is put
  -- off for `at_most` ms in all (0: for as long as others come).
  function debounced.times(asked, due_at, first, at_most)
    asked = first and math.min(asked, first) or asked
    return asked, at_most > 0 and math.min(due_at, asked + at_most) or due_at
  end
end
