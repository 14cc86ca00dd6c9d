#!lua flags=no-writes
-- What waits for what: the first entries of one entity's lane in each group.
--
-- KEYS  1 the partition's stream
-- ARGV  1 entity key   2 entries of each lane at the most
-- Result: { now ms, lanes }
--   lanes: { group, entries in it, the first of them }, of groups in which it is not empty
--   entries: { entry id, event id, type, why its last attempt failed ('': none has), by `include/standing.lua` }
--@include partition
--@include compact_records
--@include records
--@include entries
--@include standing
local entity_key, most = ARGV[1], tonumber(ARGV[2])

local function its_key()
  return entity_key
end

local function described(info, id)
  local fields = fields_at(id)
  local problem = redis.call('HGET', base .. 'g:' .. info.name .. ':attempts', id .. ':error') or ''
  return { id, fields.id or '', fields.type or '', problem, standing_in(info, { entry = id }, its_key) }
end

local lanes = {}
for _, info in ipairs(known_groups()) do
  local lane = base .. 'g:' .. info.name .. ':lane:' .. entity_key
  local ids = redis.call('LRANGE', lane, 0, most - 1)
  for at, id in ipairs(ids) do
    ids[at] = described(info, id)
  end
  if #ids > 0 then
    lanes[#lanes + 1] = { info.name, redis.call('LLEN', lane), ids }
  end
end
return { now, lanes }
