#!lua flags=allow-oom
-- Gives a consumer up to `count` entries to run: due ones (retry time reached, lease lapsed, next in a lane) and new ones.
--
-- KEYS  1 the partition's stream
-- ARGV  1 group   2 consumer   3 count; 0: only looks whether there is something, which `wait` 0 or no `last_id` says
--       4 lease, ms   5 due share (of count, for due entries while both kinds wait)
--       6 'entity' | 'none'   7 leases lost in a row that make an entry poison   8 idempotency TTL, s
--       9 scan limit (entries read at the most)   10 1: only isolated entries; else 0
--       11 version: what this process wants and can run, see include/filter.lua   12 grace, ms
--       13 token: the number of this take among the consumer's; a repeat after a lost reply has the same
--       14 1: a repeat; else 0
--       15 the number of partitions the caller works with
--       16 what limits the group, as the caller knows it (include/limits.lua); absent: of nothing
-- Result: { state, wait, last_id, skipped, poisoned types, entries, isolated, run, unhandled types, end }
--   state     'ready' | 'paused' | 'healed' (the group was gone and has been made again)
--             | 'limits TEXT': others hold than the caller knows, which has asked for no permits by these; nothing is given out
--   wait      ms until the next due entry, or the pause ends; -1 unknown
--   last_id   stream id to wait behind when nothing more was found, '' when more may be there at once
--   entries   { entry id, lane, attempt, failures, last error, followed, head, body (see include/entries.lua) };
--             failures: earlier attempts that failed, without the leases that were lost; followed: 1 when more of its lane
--             waits behind it, as far as this call saw; 2 more when it is a redrive or replay
--   isolated  how many entries wait to be run apart from all others
--   run       of the group, part of each lease
--   unhandled types  one per entry left unhandled in this call: wanted, but this process has no handler (include/filter.lua)
--   end       where the caller's number of partitions has ended here; '' when it has not, or without order
--
-- An entry whose lease has lapsed has lost one more lease in a row. After the first it is given out again at once; lost
-- as often as ARGV 7 says, it is dead (poison); between the two it is isolated: its workers may have died of it.
--
-- Invariants kept
--   Every pending entry has exactly one member in `due` or in `isolated`; in `due` its score says when it must be
--   looked at again. What is looked at leaves the front of `due`, so the scan never has to begin behind anything.
--   In a lane only the head runs; all others are parked: owned by '-', due at PARKED.
--   Nothing the idempotency record calls done or dead is given out, nor what the group has in hand by an entry of its own.
--   Nothing is given out that the caller has no handler for. What the group wants is acknowledged only when finished.
--   Isolated entries are given out apart from all others, in smaller groups the more leases were lost, in the end one by one:
--   so a deadly entry convicts itself and not its neighbours, and those are soon cleared.
--   Poison depends on leases lost in a row alone, however many attempts have failed.
--   Nothing is given out by limits that are older than those known here; newer ones of the caller are written down.
--   A take that is repeated with its token leases nothing twice: it gets what the first one leased.
--@include partition
--@include group
--@include compact_records
--@include records
--@include outcomes
--@include entries
--@include giving_up
--@include attempt_history
--@include patterns
--@include filter
--@include layout
--@include limits
local consumer, count, lease = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local due_share, ordered, max_lost = tonumber(ARGV[5]), ARGV[6] == 'entity', tonumber(ARGV[7])
local ttl, scan_limit, alone = ARGV[8], tonumber(ARGV[9]), ARGV[10] == '1'
local version, grace = ARGV[11], tonumber(ARGV[12])
local token, repeated, number = ARGV[13], ARGV[14] == '1', ARGV[15]
local HEARTBEAT_MS = 5000
local last_takes = group_base .. ':last_take'
local reporting_until
reporting_until, limits.here = note_call(lease)

-- A heartbeat of our own, paused or not: Redis before 7.2 only knows consumers that have been leased something.
if now - tonumber(redis.call('ZSCORE', group_base .. ':seen', consumer) or 0) >= HEARTBEAT_MS then
  redis.call('ZADD', group_base .. ':seen', ms(now), consumer)
end

keep_version_in_force(version, grace)

local state, skipped, poisoned, leases = 'ready', 0, {}, {}
local lease_end = ms(now + lease)
--@include lease_rows
--@include leases

if repeat_last_take() then
  return answer(-1, '')
end
limits.known = ARGV[16] or ''
if limits.known ~= limits.here then
  if limits.number_of(limits.here) > limits.number_of(limits.known) then
    state = 'limits ' .. limits.here
    return answer(0, '')
  end
  limits.adopt(limits.here, limits.known)
end
local pause = redis.call('PTTL', group_base .. ':pause')
if pause ~= -2 then
  state = 'paused'
  return answer(pause, '')
end

--@include due_entries
--@include isolated_entries
--@include new_entries

if alone then
  take_isolated()
  return answer(0, '')
end
recall(version, count == 0 and 1 or due_share)
take_due(due_share)
take_new(count - #leases)
take_due(count - #leases)

local wait, last_id = -1, ''
local upcoming = redis.call('ZRANGE', due, 0, 0, 'WITHSCORES')
if upcoming[2] and tonumber(upcoming[2]) < UNHANDLED then
  wait = math.max(0, tonumber(upcoming[2]) - now)
end
if count == 0 then
  exhausted = has_read_everything()
end
if exhausted then
  last_id = fields_of(redis.call('XINFO', 'STREAM', events))['last-generated-id']
end
return answer(wait, last_id)
