#!lua flags=allow-oom
-- Removes a group from one partition, a stretch at a time; called again as long as it answers 'more'.
--
-- KEYS  1 the partition's stream
-- ARGV  1 group   2 'keep' | 'discard' (its dead letters)   3 pending entries forgotten in this call
-- Result: 'more' | 'removed' | 'unknown' (there was nothing of it here)
--
-- Invariants kept
--   A lane goes together with the due time that names it: however a removal is interrupted, no key is left that a
--   repeated removal would not find.
--   The consumer group goes last: until then the trimming keeps what the group has not finished.
--@include partition
--@include group
--@include patterns
--@include filter

local standing = redis.call('EXISTS', due) == 1 and due or isolated
local forgotten = redis.call('ZPOPMIN', standing, tonumber(ARGV[3]))
for at = 1, #forgotten, 2 do
  local _, lane = split_member(forgotten[at])
  if lane ~= '' then
    redis.call('DEL', lane_of(lane))
  end
end
if redis.call('EXISTS', due, isolated) > 0 then
  return 'more'
end

forget_queues()
-- Follow-ups go with their group; what names them ends by itself.
redis.call('UNLINK', group_base .. ':later', group_base .. ':later:entries', group_base .. ':later:subjects')
local removed = #forgotten
  + redis.call('DEL', group_base .. ':pause', group_base .. ':seen', attempts_key, clock, group_base .. ':last_take', filters,
    group_base .. ':formats', group_base .. ':workers', group_base .. ':limits:permits', group_base .. ':limits:ends',
    group_base .. ':limits:waiting', group_base .. ':limit')
if ARGV[2] == 'discard' or redis.call('XLEN', group_base .. ':dead') == 0 then
  removed = removed + redis.call('DEL', group_base .. ':dead')
end
if redis.pcall('XGROUP', 'DESTROY', events, group) == 1 then
  removed = removed + 1
end
return removed > 0 and 'removed' or 'unknown'
