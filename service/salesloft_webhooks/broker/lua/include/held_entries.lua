-- Which of many entries a consumer holds, and how often each was delivered, by few calls. Needs: partition, group.

-- Returns a function of an entry's id: its delivery count if the consumer holds it, else nil. For `count` ids, which
-- mostly come in the order of the stream: each call reads on from the id that is asked for. Whatever the order, no more
-- than twice as many rows are read ahead as there are ids; after that each id is looked up alone.
local function read_held_entries(consumer, count)
  local deliveries, left_to_ask, left_to_read = {}, count, 2 * count
  return function(id)
    if not deliveries[id] then
      local rows = redis.pcall('XPENDING', events, group, id, '+', math.max(1, math.min(left_to_ask, left_to_read)), consumer)
      for _, row in ipairs(rows.err and {} or rows) do
        deliveries[row[1]] = row[4]
      end
      left_to_read = left_to_read - #rows
    end
    left_to_ask = left_to_ask - 1
    return deliveries[id]
  end
end
