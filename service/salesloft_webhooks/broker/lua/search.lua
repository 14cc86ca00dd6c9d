#!lua flags=no-writes
-- Looks through one slice of a partition's history, the latest entry first, for those that may be meant.
--
-- KEYS  1 the partition's stream
-- ARGV  1 id below which to begin, with a bracket ('+': at the end)   2 oldest id   3 entries looked at at most
--       4 bytes of bodies after which no more are read   5 entries found at most
--       6 entity key, and 7 as a head has it ('': any)   8 source, and 9 as a head has it ('': any)
--       10 event patterns ('': any), and 11 the places of the known types that they mean, a byte each
--       12 outcome: 'done' | 'dead' | 'discarded' | 'open' ('': any), and 13 in which group ('': in some)
--       14.. texts in lower case of which the body has one (none: any body)
-- Result: { entries looked at, id of the last one ('': there are no more), now ms, found }
--   found: { entry id, entry fields (flat, whole), record (flat), groups (include/standing.lua) }
--
-- What it finds is a superset: a body that is no plain JSON (compressed, encrypted) is for the caller to look into, and
-- so is the exact state in a group. Bodies are read a few at a time, so that large ones end a slice early.
--@include partition
--@include patterns
--@include compact_records
--@include records
--@include whole_record
--@include entries
--@include standing
local oldest, most_entries, most_bytes, most_found = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local wanted_key, packed_key, wanted_source, packed_source = ARGV[6], ARGV[7], ARGV[8], ARGV[9]
local patterns, outcome, wanted_group = ARGV[10], ARGV[12], ARGV[13]
local READ_AT_ONCE, FIRST_TEXT = 10, 14
local HEADS = { [1] = 'xBc0Bc0Bc0Bc0', [4] = '>xI4c0I4c0I4c0I4c0' } -- by a head's first byte: up to the source
local PLAIN = 123 -- what JSON begins with

-- By type as an entry has it: whether it is meant.
local meant_types = {}
for at = 1, #ARGV[11] do
  meant_types[string.char(1) .. string.sub(ARGV[11], at, at)] = true
end

local function is_meant_type(event_type)
  if meant_types[event_type] == nil then
    meant_types[event_type] = string.byte(event_type) ~= 1 and matches_one_of(patterns, event_type)
  end
  return meant_types[event_type]
end

-- Type, entity key and source of an entry as they stand in it; nothing for one that is damaged or not ours. Heads are
-- read no further than this: most entries are not meant.
local function described(flat)
  if flat[1] == 'head' then
    local fine, _, event_type, key, source = pcall(struct.unpack, HEADS[string.byte(flat[2])], flat[2])
    if fine then
      return event_type, key, source
    end
  else
    local fields = fields_of(flat)
    if fields.id then
      return fields.type or '', fields.key or '', fields.src or ''
    end
  end
end

-- Most entries are about others, which their bytes say sooner than their fields.
local function may_have_key(flat)
  local words = flat[1] == 'head' and flat[2]
  return not words or string.find(words, packed_key, 1, true) or string.find(words, wanted_key, 1, true)
end

local function is_meant(flat)
  if wanted_key ~= '' and not may_have_key(flat) then
    return false
  end
  local event_type, key, source = described(flat)
  return event_type and (wanted_key == '' or key == wanted_key or key == packed_key)
    and (wanted_source == '' or source == wanted_source or source == packed_source)
    and (patterns == '' or is_meant_type(event_type))
end

local function has_text(words)
  local lower = string.lower(words)
  for at = FIRST_TEXT, #ARGV do
    if string.find(lower, ARGV[at], 1, true) then
      return true
    end
  end
  return false
end

-- Whether an entry's data may have one of the texts. What an event has beside a shared body stands in its head.
local function may_have_text(id, flat)
  local fields = flat[1] == 'head' and { body = flat[4], of = flat[2] } or fields_of(flat)
  local body, beside = fields.body or '', fields.of or ''
  if body == '' then
    fields = entry_fields(flat)
    make_whole(id, fields)
    body = fields.body or ''
  end
  return body ~= '' and string.byte(body) ~= PLAIN or has_text(body) or has_text(beside)
end

-- By group: its mark in compact records, false without one.
local marks = {}
local function mark_of(name)
  if marks[name] == nil then
    marks[name] = mark_for_group(name) or false
  end
  return marks[name]
end

-- What is known of an event's outcome by group: each 'done', 'dead' or 'discarded'. Most events have a compact record
-- alone, which says it at a fraction of the price of `whole_record`.
local groups
local function outcomes_of(event_id, entry)
  local compact = compact_record(event_id, entry)
  if not compact or has_mark(compact, MORE) then
    return fields_of(whole_record(event_id))
  end
  local done = {}
  for _, info in ipairs(wanted_group == '' and groups or { { name = wanted_group } }) do
    done[info.name] = mark_of(info.name) and has_mark(compact, mark_of(info.name)) and 'done' or nil
  end
  return done
end

local function may_have_outcome(outcomes)
  if outcome ~= 'open' and wanted_group ~= '' then
    return outcomes[wanted_group] == outcome
  end
  if outcome == 'open' then
    for _, info in ipairs(groups) do
      if (wanted_group == '' or wanted_group == info.name) and not outcomes[info.name] then
        return true
      end
    end
    return false
  end
  for name, value in pairs(outcomes) do
    if value == outcome and not string.find(name, ':', 1, true) then
      return true
    end
  end
  return false
end

-- An entry with all that is known of its event; nil when what became of it is not what is looked for.
local function found_at(id, flat)
  local fields = entry_fields(flat)
  if not fields.id then
    return nil
  end
  groups = groups or known_groups()
  if outcome ~= '' and not may_have_outcome(outcomes_of(fields.id, id)) then
    return nil
  end
  make_whole(id, fields)
  local flat_record = whole_record(fields.id)
  local memory, rows = fields_of(flat_record), {}
  local function key_at(other)
    local entry = other ~= id and redis.call('XRANGE', events, other, other)[1]
    return (entry and entry_fields(entry[2]) or fields).key or ''
  end
  for _, info in ipairs(memory.entry and groups or {}) do
    rows[#rows + 1] = standing_in(info, memory, key_at)
  end
  return { id, words_of(fields, fields.only), flat_record, rows }
end

local found, looked, bytes, last = {}, 0, 0, ARGV[1]
local function look_at(entry)
  local id, flat = entry[1], entry[2]
  looked, bytes, last = looked + 1, bytes + #flat[#flat], '(' .. id
  if is_meant(flat) and (#ARGV < FIRST_TEXT or may_have_text(id, flat)) then
    found[#found + 1] = found_at(id, flat)
  end
end

-- A few at a time; false when there are no more.
local function look_at_next()
  local count = math.min(READ_AT_ONCE, most_entries - looked)
  local entries = redis.call('XREVRANGE', events, last, oldest, 'COUNT', count)
  for _, entry in ipairs(entries) do
    if #found == most_found then
      return true
    end
    look_at(entry)
  end
  return #entries == count
end

local more = true
while more and looked < most_entries and bytes < most_bytes and #found < most_found do
  more = look_at_next()
end
return { looked, more and string.sub(last, 2) or '', now, found }
