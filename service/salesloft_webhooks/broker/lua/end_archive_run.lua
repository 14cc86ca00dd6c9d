#!lua flags=allow-oom
-- Ends the unfinished replay of an archive into a group, if it is still the one that is meant.
--
-- KEYS  1 the unfinished replays of archives
-- ARGV  1 group   2 the run's id, or all of a row that cannot be read
-- Result: 1 ended, 0 not: the group has none, or another one by now
--
-- Invariant kept: who is late does not end a run that was begun since.
local row = redis.call('HGET', KEYS[1], ARGV[1])
if row and (row == ARGV[2] or string.find(row, '"run_id":"' .. ARGV[2] .. '"', 1, true)) then
  redis.call('HDEL', KEYS[1], ARGV[1])
  return 1
end
return 0
