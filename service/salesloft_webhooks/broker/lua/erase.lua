#!lua flags=allow-oom
-- Takes events out of the store, and leaves of each its id and what became of it.
--
-- KEYS  1 the partition's stream
-- ARGV  1 idempotency TTL, s   2 entity key of all of them
--       then two per event (at most 100, so that the server is never blocked for long): entry id ('' when it has left
--       the stream), event id. What shares the body of another stands before that.
-- Result: { entries removed, those of them that some worker runs now }
--
-- Invariants kept
--   What nobody runs leaves every group and its lane in the step that removes it, so nothing waits behind what is gone.
--   What a worker runs stays its own until it is settled: `done` is written down, everything else ends it (settle.lua).
--   The record says that the event was erased, and lives at least for its TTL: a delivery of it is a duplicate.
--   No error text of it is kept. In a queue of `unhandled` its id stays as a leftover, which is known for one there.
-- allow-oom: it makes room.
local ttl, entity = ARGV[1], ARGV[2]
--@include partition
--@include compact_records
--@include records
--@include erased_records
--@include entries
local server_now = now

-- Whether a worker of the group runs the entry; what nobody runs leaves the group.
local function leave_group(name, id)
  ARGV[1], now = name, server_now -- what `group` begins with
--@include group
  redis.call('HDEL', attempts_key, id .. ':error')
  local owner = owner_of(id)
  if owner ~= NOBODY then
    return owner ~= nil
  end
  local lane = redis.call('LPOS', lane_of(entity), id) and entity or ''
  finish(id, lane)
end

local names = {}
local groups = redis.pcall('XINFO', 'GROUPS', events)
for _, flat in ipairs(groups.err and {} or groups) do
  names[#names + 1] = fields_of(flat).name
end

local removed, running = 0, 0
local function erase(id)
  local runs = false
  for _, name in ipairs(names) do
    runs = leave_group(name, id) or runs
  end
  removed = removed + redis.call('XDEL', events, id)
  running = running + (runs and 1 or 0)
end

local words = { unpack(ARGV) }
for at = 3, #words, 2 do
  local id, event_id = words[at], words[at + 1]
  now = server_now
  remember_erased(event_id, id ~= '' and id or nil, server_now, ttl)
  if id ~= '' then
    erase(id)
  end
end
return { removed, running }
