-- Shared by all scripts: the partition's key names and the server's clock.
-- KEYS[1] is the partition's stream, '<prefix>:{p}:events'; every other key is named from it.
local PARKED, UNHANDLED, NOBODY = 9007199254740991, 9007199254740990, '-'
local events = KEYS[1]
local base = string.sub(events, 1, -string.len('events') - 1)

-- While a slot moves from one server of a cluster to another, some of its keys are here and some there, and a script would
-- take those for absent. Two keys that are nowhere are refused on both servers then, and with them the script, which has
-- done nothing yet: it is repeated until the slot is whole again.
redis.call('EXISTS', events .. ':nowhere:1', events .. ':nowhere:2')

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

-- A number of milliseconds as Redis wants it: Lua would print large ones as 1.7e+12.
local function ms(number)
  return string.format('%.0f', number)
end

-- An entry's or reply's flat list of names and values as a table.
local function fields_of(flat)
  local fields = {}
  for at = 1, #flat, 2 do
    fields[flat[at]] = flat[at + 1]
  end
  return fields
end

-- An id as two numbers: Lua compares ids as text otherwise.
local function split_id(id)
  local dash = string.find(id, '-', 1, true)
  return tonumber(string.sub(id, 1, dash - 1)), tonumber(string.sub(id, dash + 1))
end

local function join_id(id_ms, id_seq)
  return string.format('%.0f-%.0f', math.max(id_ms, 0), id_seq)
end
