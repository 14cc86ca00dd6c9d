#!lua flags=allow-oom
-- Keeps the permits of a worker's attempts, as their leases are kept.
--
-- KEYS  1 the stream of partition 0
-- ARGV  1 group   2 lease, ms   then four for each claimant: its name, attempts that it runs or has permits for, and of its
--       calls the number of the latest, and of the latest that is over (answered, or given up: nothing is begun with it)
-- Result: how many claims are kept
--
-- Invariant kept: a count is what its claimant says, unless that may not know yet what it was given. It is not touched where a
-- newer call of the claimant is known than its latest; and only raised where its latest is known, and is not over. What is
-- lower was lost (a promoted replica), or its end had come while its worker was cut off; what is higher was lost as well: a
-- call that said that less runs.
--@include partition
--@include group
--@include permits
local lease = tonumber(ARGV[2])
note_call(lease)
local kept = 0
for at = 3, #ARGV, 4 do
  local attempts, latest, over = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2]), tonumber(ARGV[at + 3])
  local claim = permits.read(ARGV[at])
  local before = claim.count
  if claim.number <= over then
    claim.count = attempts
  elseif claim.number <= latest then
    claim.count = math.max(before, attempts)
  end
  permits.write(ARGV[at], claim, before, now + lease)
  kept = kept + 1
end
return kept
