-- Which entries every registered group has finished. Needs: partition.

local function is_earlier(one_ms, one_seq, other_ms, other_seq)
  return one_ms < other_ms or (one_ms == other_ms and one_seq < other_seq)
end

-- The partition's groups as tables; none when there is no stream.
local function registered_groups()
  local groups = redis.pcall('XINFO', 'GROUPS', events)
  local found = {}
  for _, flat in ipairs(groups.err and {} or groups) do
    found[#found + 1] = fields_of(flat)
  end
  return found
end

-- The oldest id that some group has not finished: each before it, all groups have.
local function first_unfinished(groups)
  local first_ms, first_seq = math.huge, 0
  local function include(id, after)
    local id_ms, id_seq = split_id(id)
    id_seq = id_seq + after
    if is_earlier(id_ms, id_seq, first_ms, first_seq) then
      first_ms, first_seq = id_ms, id_seq
    end
  end
  for _, info in ipairs(groups) do
    include(info['last-delivered-id'], 1)
    local pending = redis.call('XPENDING', events, info.name)
    if pending[1] > 0 then
      include(pending[2], 0)
    end
  end
  return first_ms, first_seq
end
