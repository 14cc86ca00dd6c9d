-- Entries that lost several leases in a row: run apart from all others. Needs: leases, due_entries.
--
-- Lease by lease lost they run in smaller company, in the end alone: a deadly entry convicts itself and not its
-- neighbours, and those are soon cleared.

-- How many isolated entries may run together: an eighth of the slots, then half as many each time, and alone in good time.
local function together(id)
  local _, row = losses_of(id)
  return row >= max_lost - 2 and 1 or math.max(1, math.floor(count / 2 ^ (row + 1)))
end

-- Leases that lapsed just now, at the front of `due`: who comes for isolated entries need not wait for an ordinary take.
local function find_isolated()
  for _, member in ipairs(redis.call('ZRANGEBYSCORE', due, '-inf', ms(now), 'LIMIT', 0, count)) do
    local id, lane = split_member(member)
    local owner, attempts = owner_of(id)
    if owner and owner ~= NOBODY then
      local _, row = losses_now(id, attempts)
      if is_isolated(row) then
        look_at(id, lane)
      end
    end
  end
end

local function take_isolated()
  find_isolated()
  for _, member in ipairs(redis.call('ZRANGEBYSCORE', isolated, '-inf', ms(now), 'LIMIT', 0, count)) do
    local id, lane = split_member(member)
    local owner, attempts = owner_of(id)
    if owner == NOBODY and #leases + 1 > together(id) and #leases > 0 then
      return
    end
    redis.call('ZREM', isolated, member)
    if not owner then
      finish(id, lane)
    elseif owner == NOBODY then
      local fields = unfinished(id, lane, owner, attempts)
      if fields then
        take_over(id, lane, attempts, fields)
      end
    end
  end
end

