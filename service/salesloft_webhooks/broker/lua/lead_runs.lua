#!lua flags=allow-oom
-- Keeps which process carries out runs.
--
-- KEYS  1 the list of runs
-- ARGV  1 hold | release   2 who asks   3 ms that the lease lasts
-- Result: { 1: the caller holds the lease, else 0, ids of unfinished runs in the order in which they were begun }
--
-- Invariant kept: at most one process holds the lease. Who has lost it without knowing can do no harm: a batch is done
-- only where the run has come to by then (include/run_place.lua), and commit_run looks at the lease.
--@include runs
local verb, holder = ARGV[1], ARGV[2]
local owner = redis.call('GET', lease)
if verb == 'release' then
  if owner == holder then
    redis.call('DEL', lease)
  end
  return { 0, {} }
elseif owner and owner ~= holder then
  return { 0, {} }
end
redis.call('SET', lease, holder, 'PX', ARGV[3])
return { 1, redis.call('ZRANGE', unfinished, 0, -1) }
