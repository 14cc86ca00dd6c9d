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
local consumer, run = ARGV[2], run_of_group()
note_call(tonumber(ARGV[3]))
local lease_end = ms(now + ARGV[3])

local results = {}
for at = 4, #ARGV, 4 do
  local id, lane, attempt = ARGV[at], ARGV[at + 1], tonumber(ARGV[at + 2])
  local owner, delivered = owner_of(id)
  local owned = owner == consumer and delivered == attempt and ARGV[at + 3] == run
  if owned then
    redis.call('ZADD', due, lease_end, member_of(id, lane))
  end
  results[#results + 1] = owned and 1 or 0
end
return results
