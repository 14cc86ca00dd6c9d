#!lua flags=allow-oom
-- Keeps the permits of handlers' calls that run, as their events' leases are kept.
--
-- KEYS  1 the stream of partition 0
-- ARGV  1 group   2 lease, ms   then two for each: digest, permit
-- Result: for each, 1 when the store did not have it (any more), else 0
--
-- Invariant kept: what runs is counted, also what a promoted replica had not heard of, or what had ended while its worker was
-- cut off. Who takes a permit back while this call is under way takes it back once more behind it.
--@include partition
--@include group
--@include limits
--@include handler_permits
local lease = tonumber(ARGV[2])
note_call(lease)
local lost = {}
for at = 3, #ARGV, 2 do
  lost[#lost + 1] = handler_permits.keep(handler_permits.key(ARGV[at]), ARGV[at + 1], lease)
end
return lost
