#!lua flags=allow-oom
-- Keeps the permits of a worker's attempts, as their leases are kept.
--
-- KEYS  1 the stream of partition 0
-- ARGV  1 group   2 lease, ms   then three for each claimant: its name, attempts that it runs, and the number of the latest
--       call by which it has said so itself
-- Result: how many claims are kept
--
-- Invariant kept: a count is only raised, and only where nothing newer of its claimant is known. Permits that were just given
-- may not have been known when the call was made; what is lower else was lost (a promoted replica), or its end had come while
-- its worker was cut off.
--@include partition
--@include group
local lease = tonumber(ARGV[2])
local permits = group_base .. ':limits:permits'
note_call(lease)
local kept = 0
for at = 3, #ARGV, 3 do
  local number, count, since, patient =
    string.match(redis.call('HGET', permits, ARGV[at]) or '', '^(%d+) (%d+) %d+ (%d+) (%d+)$')
  if tonumber(number or 0) <= tonumber(ARGV[at + 2]) then
    count = math.max(tonumber(count or 0), tonumber(ARGV[at + 1]))
  end
  redis.call('HSET', permits, ARGV[at], table.concat({ number or ARGV[at + 2], ms(count), ms(now + lease), since or 0, patient or 0 }, ' '))
  kept = kept + 1
end
if redis.call('PTTL', permits) < 2 * lease then
  redis.call('PEXPIRE', permits, ms(2 * lease))
end
return kept
