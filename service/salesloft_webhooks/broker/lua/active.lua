#!lua flags=no-writes
-- Names the consumers of a group that seem to be alive.
--
-- KEYS  1 the partition's stream
-- ARGV  1 group   2 ms of silence after which a consumer without a lease counts as gone
-- Result: names
--
-- A worker with its hands full asks for nothing new, perhaps for minutes, but it renews its leases; an idle one holds
-- none, but asks every second or two, and `take` writes that down in `seen`. So either heartbeat counts.
--@include partition
--@include group
--@include entries
--@include patterns
--@include filter
local LOOKED_AT = 100

local function lease_of(id)
  local entry = redis.call('XRANGE', events, id, id)[1]
  local lane = entry and entry_fields(entry[2]).key or ''
  return tonumber(redis.call('ZSCORE', due, id) or redis.call('ZSCORE', due, member_of(id, lane)) or 0)
end

local function holds_a_lease(consumer)
  for _, row in ipairs(redis.call('XPENDING', events, group, '-', '+', LOOKED_AT, consumer)) do
    local lease = lease_of(row[1])
    if lease > now and lease < UNHANDLED then
      return true
    end
  end
  return false
end

local names = redis.call('ZRANGEBYSCORE', group_base .. ':seen', '(' .. ms(now - ARGV[2]), '+inf')
local found = {}
for _, name in ipairs(names) do
  found[name] = true
end
local consumers = redis.pcall('XINFO', 'CONSUMERS', events, group)
for _, flat in ipairs(consumers.err and {} or consumers) do
  local name = fields_of(flat).name
  if name ~= NOBODY and not found[name] and holds_a_lease(name) then
    names[#names + 1] = name
  end
end
return names
