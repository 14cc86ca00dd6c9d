#!lua flags=no-writes
-- Who uses this partition: only who reads a new format of the store, or also somebody who does not.
--
-- KEYS  1 the partition's stream
-- ARGV  1 ms of silence after which a worker is gone   2 the new format
-- Result: 'old' (a worker is there that has not said that it reads it, or the latest event was stored by version 0.1.0)
--       | 'unused' (no event was ever stored) | 'ready'
--@include partition
--@include compact_records
--@include records
--@include entries

local function all_read(name)
  local group_base = base .. 'g:' .. name
  local at = now + tonumber(redis.call('HGET', group_base .. ':clock', 'offset') or 0)
  for _, consumer in ipairs(redis.call('ZRANGEBYSCORE', group_base .. ':seen', ms(at - ARGV[1]), '+inf')) do
    if tonumber(redis.call('HGET', group_base .. ':formats', consumer) or 0) < tonumber(ARGV[2]) then
      return false
    end
  end
  return true
end

-- Version 0.1.0 leaves no token. Of a redrive or replay nothing can be told.
local function latest_is_old()
  local latest = redis.call('XREVRANGE', events, '+', '-', 'COUNT', 1)[1]
  local fields = latest and entry_fields(latest[2]) or {}
  if not fields.id or fields.only ~= '' then
    return false
  end
  local entry, its_token = stored_as(fields.id)
  return entry and not its_token
end

local groups = redis.pcall('XINFO', 'GROUPS', events)
for _, flat in ipairs(groups.err and {} or groups) do
  if not all_read(fields_of(flat).name) then
    return 'old'
  end
end
if latest_is_old() then
  return 'old'
end
local stream = redis.pcall('XINFO', 'STREAM', events)
return (stream.err or fields_of(stream)['last-generated-id'] == '0-0') and 'unused' or 'ready'
