-- Shared by the scripts that give events to a group again; ARGV[1] is the group's name, ARGV[2] the idempotency TTL, s.

-- The last entry the group has read; nil when it is not registered on this partition.
local function last_delivered()
  local groups = redis.pcall('XINFO', 'GROUPS', events)
  for _, flat in ipairs(groups.err and {} or groups) do
    local info = fields_of(flat)
    if info.name == group then
      return info['last-delivered-id']
    end
  end
end
local last = last_delivered()

local function is_after(id, other)
  local id_ms, id_seq = string.match(id, '^(%d+)-(%d+)$')
  local other_ms, other_seq = string.match(other, '^(%d+)-(%d+)$')
  if id_ms ~= other_ms then
    return tonumber(id_ms) > tonumber(other_ms)
  end
  return tonumber(id_seq) > tonumber(other_seq)
end

local function is_unread(id)
  local found = id and is_after(id, last) and redis.call('XRANGE', events, id, id)[1]
  local only = found and entry_fields(found[2]).only
  return only == '' or only == group
end

-- Whether an event is on its way to the group already, by any of its entries: 'pending' | 'unread' | nil.
local function progress_of(event_id, entry)
  local ids = { entry, entries_known_of(event_id) }
  local way = nil
  for at = 1, 3 do
    if ids[at] and owner_of(ids[at]) then
      return 'pending'
    elseif is_unread(ids[at]) then
      way = 'unread'
    end
  end
  return way
end

-- Lets the group handle an event although it had finished it, by a new entry for this group only unless it has one in
-- front of it already.
local function resubmit(fields, way)
  forget_outcome(fields.id)
  forget_kind(fields.id)
  if way then
    return
  end
  local entry = redis.call('XADD', events, '*', unpack(words_of(fields, group)))
  remember_resubmitted(fields.id, entry, ARGV[2])
end
