#!lua flags=allow-oom
-- Has a follow-up that waits begin now, because somebody wants that.
--
-- KEYS  1 the partition's stream
-- ARGV  1 group   2 idempotency TTL, s   3 the number of partitions the caller works with   4 id
--       5 'begin' | 'due': a worker has to begin it, for it becomes an entry elsewhere, or must not be one yet
-- Result: 'begun' | 'due' (it begins as soon as a worker may: after the group's pause, for one) | 'over': it waits no more
--         'stale': another number of partitions is in force
--         Nothing happened in the last two.
--
-- Invariant kept: what waits becomes an entry in one step, as with begin_later.lua.
-- allow-oom: the entry replaces its row, and can then be handled and trimmed; what waits cannot.
--@include partition
--@include group
--@include compact_records
--@include records
--@include outcomes
--@include entries
--@include debounced
--@include follow_ups
--@include waiting_row
--@include layout
local id = ARGV[4]
if moved(ARGV[3], 1) then
  return 'stale'
elseif not waiting_row.let_be_due(id) then
  return 'over'
elseif ARGV[5] == 'due' or redis.call('EXISTS', group_base .. ':pause') == 1 then
  return 'due'
end
return follow_ups.begin(id, tonumber(ARGV[2])) and 'begun' or 'over'
