-- Where an event stands in the groups, for people. Needs: partition, records.

-- Every group that reads the stream, as XINFO describes it.
local function known_groups()
  local groups, infos = redis.pcall('XINFO', 'GROUPS', events), {}
  for _, flat in ipairs(groups.err and {} or groups) do
    infos[#infos + 1] = fields_of(flat)
  end
  return infos
end

-- In one group: { name, last delivered id, id of the entry that counts for this group, owner ('': not pending),
-- attempts, due ms ('': none) }. `memory` is the event's record; `key_at(id)` the entity key of an entry, '' when gone.
local function standing_in(info, memory, key_at)
  local id = memory[AGAIN .. info.name] or memory.entry
  local row = { info.name, info['last-delivered-id'], id, '', 0, '' }
  local pending = redis.call('XPENDING', events, info.name, id, id, 1)[1]
  if pending then
    local due, clock = base .. 'g:' .. info.name .. ':due', base .. 'g:' .. info.name .. ':clock'
    row[4], row[5] = pending[2], pending[4]
    local score = tonumber(redis.call('ZSCORE', due, id) or redis.call('ZSCORE', due, id .. ' ' .. key_at(id)) or '')
    if score then
      row[6] = ms(score < UNHANDLED and score - tonumber(redis.call('HGET', clock, 'offset') or 0) or score)
    end
  end
  return row
end
