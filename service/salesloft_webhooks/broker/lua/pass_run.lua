#!lua flags=allow-oom
-- Moves a run on in a partition, past things with which nothing is to be done here.
--
-- KEYS  1 the partition's stream
-- ARGV  1 the run's id   2 its place ('': make one, unless it has one)   3 its next place   then outcomes and how many
-- Result: 'passed' | 'moved' (it is not at that place, or has none; nothing happened)
--@include partition
--@include run_place
local run, place, next_place = ARGV[1], ARGV[2], ARGV[3]
if place == '' then
  redis.call('HSETNX', place_key(run), PLACE, next_place)
  redis.call('EXPIRE', place_key(run), LIFE_SECONDS)
  return 'passed'
elseif not is_at(run, place) then
  return 'moved'
end
for at = 4, #ARGV, 2 do
  count_outcome(run, ARGV[at], tonumber(ARGV[at + 1]))
end
end_batch(run, next_place)
return 'passed'
