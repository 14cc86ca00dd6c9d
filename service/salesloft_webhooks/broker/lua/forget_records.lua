#!lua flags=allow-oom
-- Makes room when no history is left to go: forgets old idempotency records before their time.
--
-- KEYS  1 the partition's stream
-- ARGV  1 share of the server's `maxmemory` up to which records may stay   2 a record's least age to be forgotten, ms
--       3 where to go on, '0' to begin   4 keys to examine in this call, about
-- Result: { bytes over the limit when called (0: none), records forgotten, where to go on ('0': all were looked at) }
--
-- Invariants kept
--   Only records of events that every group has finished are forgotten, and whose entry has gone with the history; none
--   of an event with a dead letter. A repeat of what is forgotten would be stored once more.
--   Within the limit nothing is forgotten, so any number of processes may call at once.
--@include partition
--@include records
--@include finished_entries
--@include memory_limits
local share, age = tonumber(ARGV[1]), tonumber(ARGV[2])

local first = redis.call('XRANGE', events, '-', '+', 'COUNT', 1)[1]
local first_ms, first_seq = math.huge, 0
if first then
  first_ms, first_seq = split_id(first[1])
end

local function may_go(record)
  local entry = entry_without_letters(record)
  if not entry then
    return false
  end
  local entry_ms, entry_seq = split_id(entry)
  return now - entry_ms > age and is_earlier(entry_ms, entry_seq, first_ms, first_seq)
end

local excess = excess_over(share, 0)
if excess <= 0 then
  return { 0, 0, '0' }
end
local found, next_cursor = scan_records(ARGV[3], ARGV[4])
local forgotten = 0
for _, record in ipairs(found) do
  if may_go(record) then
    forgotten = forgotten + redis.call('UNLINK', record)
  end
end
return { excess, forgotten, next_cursor }
