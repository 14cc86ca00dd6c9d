#!lua flags=allow-oom
-- Renews leases.
--
-- KEYS  1 the partition's stream
-- ARGV  1 group   2 consumer   3 lease, ms   then four per lease: entry id, lane, attempt, run
-- Result: per lease 1 (renewed) or 0 (lost: somebody else has it, or it is finished)
--
-- Invariant kept: a lease is renewed only for the attempt that holds it, however late the renewal comes; a lapsed lease
-- that nobody took over is simply taken up again.
--@include partition
--@include group
--@include held_entries
local FIELDS = 4
local consumer, run = ARGV[2], run_of_group()
note_call(tonumber(ARGV[3]))
local lease_end = ms(now + ARGV[3])
local delivery_count_if_held = read_held_entries(consumer, (#ARGV - 3) / FIELDS)

local results, renewed = {}, { 'ZADD', due }
for at = 4, #ARGV, FIELDS do
  local id, lane, attempt = ARGV[at], ARGV[at + 1], tonumber(ARGV[at + 2])
  local owned = delivery_count_if_held(id) == attempt and ARGV[at + 3] == run
  if owned then
    renewed[#renewed + 1] = lease_end
    renewed[#renewed + 1] = member_of(id, lane)
  end
  results[#results + 1] = owned and 1 or 0
end
if #renewed > 2 then
  redis.call(unpack(renewed))
end
return results
