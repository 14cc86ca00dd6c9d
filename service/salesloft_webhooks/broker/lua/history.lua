#!lua flags=no-writes
-- What became of one event, in one consistent picture.
--
-- KEYS  1 the partition's stream
-- ARGV  1 event id
-- Result: {} when the event is unknown here, else { now ms, record (flat), entry id, entry fields (flat; {} when the
--         history no longer has it), groups, follow-ups: this one itself, if it is one, and those that it has asked for }
--         of a follow-up that is no entry yet: '' for its entry's id, and no groups
--   groups: by `include/standing.lua`
--   follow-ups: { group, id, what became of it, its row without the body ('': it waits no more) }
--@include partition
--@include compact_records
--@include records
--@include whole_record
--@include entries
--@include standing

local flat_record = whole_record(ARGV[1])
local memory = fields_of(flat_record)

local read = {}
local function entry_of(id)
  if not read[id] then
    local fields = fields_at(id)
    read[id] = fields.id and words_of(fields, fields.only) or {}
  end
  return read[id]
end

local function key_at(id)
  return fields_of(entry_of(id)).key or ''
end

local function without_body(row)
  local length, rest = string.match(row, '^%d+ %d+ %w+ (%d+) ()')
  return rest and string.sub(row, 1, rest + length - 1) or ''
end

local later = {}
local function add_follow_up(name, id, only_if_known)
  local row = redis.call('HGET', base .. 'g:' .. name .. ':later:entries', id)
  local state = row and 'waiting' or redis.call('HGET', record_of(id), 'later:' .. name) or ''
  if state ~= '' or not only_if_known then
    later[#later + 1] = { name, id, state, without_body(row or '') }
  end
end

local groups = known_groups()
for _, info in ipairs(groups) do
  add_follow_up(info.name, ARGV[1], true)
  for id in string.gmatch(memory['asked:' .. info.name] or '', '%S+') do
    add_follow_up(info.name, id, false)
  end
end
if not memory.entry then
  return #later > 0 and { now, flat_record, '', {}, {}, later } or {}
end

local rows, shown = {}, memory.entry
for _, info in ipairs(groups) do
  local row = standing_in(info, memory, key_at)
  rows[#rows + 1] = row
  -- The original may be trimmed away while a copy of it still waits.
  if #entry_of(shown) == 0 and #entry_of(row[3]) > 0 then
    shown = row[3]
  end
end
return { now, flat_record, shown, entry_of(shown), rows, later }
