#!lua flags=no-writes
-- What became of one event, in one consistent picture.
--
-- KEYS  1 the partition's stream
-- ARGV  1 event id
-- Result: {} when the event is unknown here, else { now ms, record (flat), entry id, entry fields (flat; {} when the
--         history no longer has it), groups }
--   groups: { name, last delivered id, id of the entry that counts for this group, owner ('': not pending), attempts,
--             due ms ('': none) }
--@include partition
--@include compact_records
--@include records
--@include whole_record
--@include entries

local flat_record = whole_record(ARGV[1])
local memory = fields_of(flat_record)
if not memory.entry then
  return {}
end

local read = {}
local function entry_of(id)
  if not read[id] then
    local fields = fields_at(id)
    read[id] = fields.id and words_of(fields, fields.only) or {}
  end
  return read[id]
end

local function describe(info)
  local id = memory[AGAIN .. info.name] or memory.entry
  local row = { info.name, info['last-delivered-id'], id, '', 0, '' }
  local pending = redis.call('XPENDING', events, info.name, id, id, 1)[1]
  if pending then
    local due, clock = base .. 'g:' .. info.name .. ':due', base .. 'g:' .. info.name .. ':clock'
    local member_in_lane = id .. ' ' .. (fields_of(entry_of(id)).key or '')
    row[4], row[5] = pending[2], pending[4]
    local score = tonumber(redis.call('ZSCORE', due, id) or redis.call('ZSCORE', due, member_in_lane) or '')
    if score then
      row[6] = ms(score < UNHANDLED and score - tonumber(redis.call('HGET', clock, 'offset') or 0) or score)
    end
  end
  return row
end

local rows, shown = {}, memory.entry
local groups = redis.pcall('XINFO', 'GROUPS', events)
for _, flat in ipairs(groups.err and {} or groups) do
  local row = describe(fields_of(flat))
  rows[#rows + 1] = row
  -- The original may be trimmed away while a copy of it still waits.
  if #entry_of(shown) == 0 and #entry_of(row[3]) > 0 then
    shown = row[3]
  end
end
return { now, flat_record, shown, entry_of(shown), rows }
