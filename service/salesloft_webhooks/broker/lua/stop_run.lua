#!lua flags=allow-oom
-- Stops a run: of what it is about, nothing more is begun.
--
-- KEYS  1 the list of runs
-- ARGV  1 the run's id   2 who stops it
-- Result: 'stopping' (a console is at it, and ends after the batch in hand) | 'stopped' | 'ended' (it had ended before) |
--         'unknown'
--
-- Invariant kept: who stopped it first is written down; a run that has ended stays as it ended.
--@include runs
local id, who = ARGV[1], ARGV[2]
if redis.call('EXISTS', run_of(id)) == 0 then
  return 'unknown'
elseif not redis.call('ZSCORE', unfinished, id) then
  return 'ended'
end
redis.call('HSETNX', run_of(id), 'stopped_by', who)
if redis.call('EXISTS', lease) == 1 then
  return 'stopping'
end
redis.call('HSET', run_of(id), 'state', 'stopped', 'changed', now)
redis.call('ZREM', unfinished, id)
return 'stopped'
