#!lua flags=allow-oom
-- Gives a consumer up to `count` entries to run: due ones (retry time reached, lease lapsed, next in a lane) and new ones.
--
-- KEYS  1 the partition's stream
-- ARGV  1 group   2 consumer   3 count   4 lease, ms   5 due share (of count, for due entries while both kinds wait)
--       6 'entity' | 'none'   7 max attempts   8 idempotency TTL, s   9 scan limit (entries read at the most)
--       10 1: only a suspect, and only one; else 0   11 version: what this process wants and can run   12 grace, ms
-- Result: { state, wait, doorbell, skipped, poisoned types, entries, suspects, unhandled types }
--   state     'ready' | 'paused' | 'healed' (the group was gone and has been made again)
--   wait      ms until the next due entry, or the pause ends; -1 unknown
--   doorbell  stream id to block on when nothing was found, '' when more may be there at once
--   suspects  1 when suspects are due that this call passed over
--   unhandled types  one per entry set aside in this call: wanted, but this process has no handler (include/filter.lua)
--   entries   { entry id, lane, attempt, id, type, entity key, source, at, created_at, traceparent, body }
--
-- Invariants kept
--   Every pending entry has exactly one member in `due`; its score says when it must be looked at again.
--   In a lane only the head runs; all others are parked: owned by '-', due at PARKED.
--   Nothing the idempotency record calls done or dead is given out.
--   Nothing is given out that the caller has no handler for. What the group wants is acknowledged only when finished.
--   A suspect (its lease has lapsed after at least two attempts: its workers may have died of it) is given out alone,
--   to a worker that runs nothing beside it. So a deadly entry convicts itself and not its neighbours.
--   An entry whose last allowed attempt ended without being settled is dead (poison), never given out again.
--@include partition
--@include group
--@include patterns
--@include filter
local consumer, count, lease = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local due_share, ordered, max_attempts = tonumber(ARGV[5]), ARGV[6] == 'entity', tonumber(ARGV[7])
local ttl, scan_limit, alone = ARGV[8], tonumber(ARGV[9]), ARGV[10] == '1'
local version, grace = ARGV[11], tonumber(ARGV[12])
local SUSPECT_ATTEMPTS = 2
local SIGN_OF_LIFE_MS = 5000

-- A sign of life of our own, paused or not: Redis before 7.2 only knows consumers that have been given something.
if now - tonumber(redis.call('ZSCORE', mine .. ':seen', consumer) or 0) >= SIGN_OF_LIFE_MS then
  redis.call('ZADD', mine .. ':seen', ms(now), consumer)
end

show_version(version, grace)

local pause = redis.call('PTTL', mine .. ':pause')
if pause ~= -2 then
  return { 'paused', pause, '', 0, {}, {}, 0, {} }
end

local state, skipped, poisoned, given = 'ready', 0, {}, {}
local lease_end = ms(now + lease)

local function give(id, lane, attempt, fields)
  redis.call('ZADD', due, lease_end, member_of(id, lane))
  given[#given + 1] = { id, lane, attempt, fields.id, fields.type, fields.key, fields.src or '', fields.at or '0',
    fields.made or '', fields.tp or '', fields.body or '' }
end

-- Judged once per type: a batch has many entries of few types.
local runs_type, aside = {}, {}
local function runs(event_type)
  if runs_type[event_type] == nil then
    runs_type[event_type] = version_runs(version, event_type)
  end
  return runs_type[event_type]
end

local function leave_to_others(id, lane, event_type, owner, attempts)
  set_aside(id, lane, event_type, owner, attempts)
  aside[#aside + 1] = event_type
end

local function poison(id, lane, attempts, owner)
  local fields = bury(id, 'poison', 'the worker died, or lost its lease, in every attempt', attempts, owner)
  if fields then
    record(fields.id or '', 'dead', ttl, id)
    poisoned[#poisoned + 1] = fields.type or ''
  end
  finish(id, lane)
end

-- ---------------------------------------------------------------------------------------------------- due entries
local suspects = 0

-- Claims a due entry and gives it out, unless it is done, deleted or deadly.
local function take_pending(id, lane, owner, attempts)
  if owner ~= NOBODY and attempts >= max_attempts then
    return poison(id, lane, attempts, owner)
  end
  local claimed = redis.call('XCLAIM', events, group, consumer, 0, id)[1]
  local fields = claimed and fields_of(claimed[2])
  if not fields then
    finish(id, lane)
  elseif redis.call('HEXISTS', record_of(fields.id), group) == 1 then
    finish(id, lane)
    skipped = skipped + 1
  elseif not runs(fields.type or '') then
    leave_to_others(id, lane, fields.type or '', owner, attempts)
  else
    give(id, lane, attempts + 1, fields)
  end
end

local function take_due(room)
  local passed_over, examined = 0, 0
  while room > 0 and examined < scan_limit do
    local members = redis.call('ZRANGEBYSCORE', due, '-inf', ms(now), 'LIMIT', passed_over, room)
    examined = examined + #members
    for _, member in ipairs(members) do
      local id, lane = split_member(member)
      local owner, attempts = owner_of(id)
      local suspect = owner and owner ~= NOBODY and attempts >= SUSPECT_ATTEMPTS and attempts < max_attempts
      if not owner then
        finish(id, lane)
      elseif (suspect or false) ~= alone then
        passed_over = passed_over + 1
        suspects = suspect and 1 or suspects
      else
        local before = #given
        take_pending(id, lane, owner, attempts)
        room = room - (#given - before)
      end
      if room <= 0 then
        return
      end
    end
    if #members == 0 then
      return
    end
  end
end

-- ---------------------------------------------------------------------------------------------------- new entries
-- What is addressed to this group alone (a redrive, a replay) was wanted by whoever sent it again.
local wanted_type = {}
local function wants(event_type, only)
  if only ~= '' then
    return only == group
  end
  if wanted_type[event_type] == nil then
    wanted_type[event_type] = runs(event_type) or any_version(version_wants, event_type)
  end
  return wanted_type[event_type]
end

-- The group was destroyed (by hand, or with the server's data): start again at 0, without leftovers of the old one.
-- What was handled is known from the idempotency records, which survive.
local function heal()
  for _, member in ipairs(redis.call('ZRANGE', due, 0, -1)) do
    local _, lane = split_member(member)
    if lane ~= '' then
      redis.call('DEL', lane_of(lane))
    end
  end
  redis.call('DEL', due)
  forget_queues()
  redis.call('XGROUP', 'CREATE', events, group, '0', 'MKSTREAM')
  state = 'healed'
end

local function read(room)
  local reply = redis.pcall('XREADGROUP', 'GROUP', group, consumer, 'COUNT', room, 'STREAMS', events, '>')
  if reply and reply.err then
    if not string.find(reply.err, 'NOGROUP', 1, true) then
      error(reply)
    end
    heal()
    reply = redis.call('XREADGROUP', 'GROUP', group, consumer, 'COUNT', room, 'STREAMS', events, '>')
  end
  return reply and reply[1][2] or {}
end

-- True when the entry goes into a lane behind others.
local function parks(id, lane)
  if redis.call('RPUSH', lane_of(lane), id) == 1 then
    return false
  end
  redis.call('XCLAIM', events, group, NOBODY, 0, id, 'RETRYCOUNT', 0, 'JUSTID')
  redis.call('ZADD', due, ms(PARKED), member_of(id, lane))
  return true
end

local exhausted, scanned = false, 0
local function take_new(room)
  while room > 0 and not exhausted and scanned < scan_limit do
    local asked = math.min(room, scan_limit - scanned)
    local entries = read(asked)
    exhausted = #entries < asked
    scanned = scanned + #entries
    local unwanted = {}
    for _, entry in ipairs(entries) do
      local id, fields = entry[1], fields_of(entry[2])
      if not fields.id or not fields.type or not wants(fields.type, fields.only or '') then
        unwanted[#unwanted + 1] = id
      elseif redis.call('HEXISTS', record_of(fields.id), group) == 1 then
        unwanted[#unwanted + 1] = id
        skipped = skipped + 1
      else
        local lane = ordered and fields.key or ''
        if lane ~= '' and parks(id, lane) then
          -- waits for its turn
        elseif not runs(fields.type) then
          leave_to_others(id, lane, fields.type, NOBODY, 0)
        else
          give(id, lane, 1, fields)
          room = room - 1
        end
      end
    end
    if #unwanted > 0 then
      redis.call('XACK', events, group, unpack(unwanted))
    end
  end
end

if alone then
  take_due(1)
  return { state, 0, '', skipped, poisoned, given, 0, aside }
end
recall(version, due_share)
take_due(due_share)
take_new(count - #given)
take_due(count - #given)

local wait, doorbell = -1, ''
local upcoming = redis.call('ZRANGE', due, 0, 0, 'WITHSCORES')
if upcoming[2] and tonumber(upcoming[2]) < UNHANDLED then
  wait = math.max(0, tonumber(upcoming[2]) - now)
end
if #given == 0 and exhausted then
  doorbell = fields_of(redis.call('XINFO', 'STREAM', events))['last-generated-id']
end
return { state, wait, doorbell, skipped, poisoned, given, suspects, aside }
