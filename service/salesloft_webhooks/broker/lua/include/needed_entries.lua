-- Entries that stay because of others: they carry the body of one that does. Needs: partition, entries.

-- From where on everything must stay when everything from `id` on must. Only the first entry can share the body of one
-- before it that would go: those of one delivery stand together.
local function first_needed(id)
  local first = redis.call('XRANGE', events, id, '+', 'COUNT', 1)[1]
  return first and carrier_of(first[1], entry_fields(first[2])) or id
end

local function shares_body(entry)
  return entry and carrier_of(entry[1], entry_fields(entry[2])) ~= nil
end

-- The part of `page`, entries in order, that is of deliveries of which nothing follows behind the page.
local function whole_deliveries(page)
  local last = #page
  if last == 0 or not shares_body(redis.call('XRANGE', events, '(' .. page[last][1], '+', 'COUNT', 1)[1]) then
    return page
  end
  while last > 0 and shares_body(page[last]) do
    last = last - 1
  end
  return { unpack(page, 1, last - 1) }
end

-- Removes whole nodes of entries in front of `first`, at most `limit` entries, which is cheap; returns how many entries.
-- Of a delivery that this has cut in two the rest goes, too: a group that comes later could not read it.
local function remove_nodes_before(first, limit)
  local removed = redis.call('XTRIM', events, 'MINID', '~', first, 'LIMIT', limit)
  local left = removed > 0 and redis.call('XRANGE', events, '-', '(' .. first, 'COUNT', 1)[1]
  while shares_body(left) do
    removed = removed + redis.call('XDEL', events, left[1])
    left = redis.call('XRANGE', events, '-', '(' .. first, 'COUNT', 1)[1]
  end
  return removed
end
