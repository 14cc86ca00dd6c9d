#!lua flags=allow-oom
-- Ends follow-ups: cancelled, withdrawn, replaced or erased.
--
-- KEYS  1 the partition's stream
-- ARGV  1 group   2 idempotency TTL, s   3 what they then are   4 subject whose latest is meant ('': none)
--       5 the one that is not meant ('': none)   6 the one that the event which cancels has asked for by the same key
--       ('': none)   7 the number of partitions the caller works with ('': whatever it is)
--       then ids that are meant whatever their subject
-- Result: 'stale' (another number of partitions is in force, so others may have moved what the caller does not look for
--         there; nothing happened), else ids and results in turn
--   'ended'    no attempt at it begins any more
--   'running'  the same, but for the attempt that runs now
--   'none'     it was over before; nothing happened
--
-- Invariant kept: what is ended here, or is said to have been ended elsewhere, never waits or begins here.
-- allow-oom: it makes room.
--@include partition
--@include group
--@include compact_records
--@include records
--@include outcomes
--@include entries
--@include debounced
--@include follow_ups
--@include layout
if ARGV[7] ~= '' and moved(ARGV[7], 1) then
  return 'stale'
end
return follow_ups.finish_by_subject(ARGV[4], ARGV[5], ARGV[6], { unpack(ARGV, 8) }, ARGV[3], tonumber(ARGV[2]))
