-- Which partition knows an event id, where there are several. Needs: partition.
--
-- A reservation is '<partition>', after a raise '<partition>@<number of partitions>'.

local function reservation_of(event_id)
  return base .. 'reserved:' .. event_id
end

local function number_in(reservation)
  return string.match(reservation, '@.*') or ''
end

-- The reservation that stands here. One by an earlier number of partitions (slots of several numbers may be the same) is
-- none: the caller has looked what became of it.
local function reservation_at(key, wanted)
  local found = redis.call('GET', key)
  return found and number_in(found) == number_in(wanted) and found
end
