#!lua flags=allow-oom
-- Gives a consumer up to `count` entries to run: due ones (retry time reached, lease lapsed, next in a lane) and new ones.
--
-- KEYS  1 the partition's stream
-- ARGV  1 group   2 consumer   3 count   4 lease, ms   5 due share (of count, for due entries while both kinds wait)
--       6 'entity' | 'none'   7 leases lost in a row that make an entry poison   8 idempotency TTL, s
--       9 scan limit (entries read at the most)   10 1: only suspects; else 0
--       11 version: what this process wants and can run, see include/filter.lua   12 grace, ms
--       13 token: the number of this take among the consumer's; a repeat after a lost reply has the same
--       14 1: a repeat; else 0
-- Result: { state, wait, doorbell, skipped, poisoned types, entries, suspects, run, unhandled types }
--   state     'ready' | 'paused' | 'healed' (the group was gone and has been made again)
--   wait      ms until the next due entry, or the pause ends; -1 unknown
--   doorbell  stream id to block on when nothing was found, '' when more may be there at once
--   entries   { entry id, lane, attempt, failures, last error, id, type, entity key, source, at, created_at,
--             traceparent, body }; failures: earlier attempts that failed, without the leases that were lost
--   suspects  how many entries wait to be run apart from all others
--   run       of the group, part of each lease
--   unhandled types  one per entry set aside in this call: wanted, but this process has no handler (include/filter.lua)
--
-- An entry whose lease has lapsed has lost one more lease in a row. After the first it is given out again at once; lost
-- as often as ARGV 7 says, it is dead (poison); between the two it is a suspect: its workers may have died of it.
--
-- Invariants kept
--   Every pending entry has exactly one member in `due` or in `suspects`; in `due` its score says when it must be
--   looked at again. What is looked at leaves the front of `due`, so the scan never has to begin behind anything.
--   In a lane only the head runs; all others are parked: owned by '-', due at PARKED.
--   Nothing the idempotency record calls done or dead is given out.
--   Nothing is given out that the caller has no handler for. What the group wants is acknowledged only when finished.
--   Suspects are given out apart from all others, in smaller groups the more leases were lost, in the end one by one:
--   so a deadly entry convicts itself and not its neighbours, and those are soon cleared.
--   Poison depends on leases lost in a row alone, however many attempts have failed.
--   A take that is repeated with its token leases nothing twice: it gets what the first one leased.
--@include partition
--@include group
--@include patterns
--@include filter
local consumer, count, lease = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local due_share, ordered, max_lost = tonumber(ARGV[5]), ARGV[6] == 'entity', tonumber(ARGV[7])
local ttl, scan_limit, alone = ARGV[8], tonumber(ARGV[9]), ARGV[10] == '1'
local version, grace = ARGV[11], tonumber(ARGV[12])
local token, repeated = ARGV[13], ARGV[14] == '1'
local SUSPECT_LOSSES = 2
local SIGN_OF_LIFE_MS = 5000
local takes = mine .. ':takes'
local patience = call_in(lease)

-- A sign of life of our own, paused or not: Redis before 7.2 only knows consumers that have been given something.
if now - tonumber(redis.call('ZSCORE', mine .. ':seen', consumer) or 0) >= SIGN_OF_LIFE_MS then
  redis.call('ZADD', mine .. ':seen', ms(now), consumer)
end

show_version(version, grace)

local state, skipped, poisoned, given = 'ready', 0, {}, {}
local lease_end = ms(now + lease)

local function give(id, lane, attempt, fields)
  local failures, last_error = 0, ''
  if attempt > 1 then
    failures, last_error = math.max(0, attempt - 1 - (losses_of(id))), last_error_of(id)
  end
  redis.call('ZADD', due, lease_end, member_of(id, lane))
  given[#given + 1] = { id, lane, attempt, failures, last_error, fields.id, fields.type, fields.key or '',
    fields.src or '', fields.at or '0', fields.made or '', fields.tp or '', fields.body or '' }
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

local function answer(wait, doorbell)
  -- Whoever asks again with the same token is told the same; nothing needs to be kept of an empty answer, except that
  -- the first take of a token may still be on its way and must then find this one.
  if repeated or #given > 0 then
    local words = { token }
    for _, lease_given in ipairs(given) do
      words[#words + 1] = lease_given[1] .. ' ' .. lease_given[3]
    end
    redis.call('HSET', takes, consumer, table.concat(words, ' '))
  end
  return { state, wait, doorbell, skipped, poisoned, given, redis.call('ZCARD', suspects), run_of_group(), aside }
end

local function fields_at(id)
  local entry = redis.call('XRANGE', events, id, id)[1]
  return entry and fields_of(entry[2]) or {}
end

-- What this take has leased before, as far as it is still the consumer's; true when its token was used up already, so
-- that a call which the server had in its buffers while it hung leases nothing when its repeat has been answered.
local function give_as_before()
  local words = redis.call('HGET', takes, consumer) or ''
  local last = string.match(words, '^%d+') or '0'
  if tonumber(last) < tonumber(token) then
    return false
  end
  for id, attempt in string.gmatch(last == token and words or '', '(%d+%-%d+) (%d+)') do
    local owner, delivered = owner_of(id)
    if owner == consumer and delivered == tonumber(attempt) then
      local fields = fields_at(id)
      if fields.id then -- else it was deleted by hand; its lease will lapse
        give(id, ordered and fields.key or '', delivered, fields)
      end
    end
  end
  return true
end

if give_as_before() then
  return answer(-1, '')
end
local pause = redis.call('PTTL', mine .. ':pause')
if pause ~= -2 then
  state = 'paused'
  return answer(pause, '')
end

-- ---------------------------------------------------------------------------------------------------- due entries
local function poison(id, lane, attempts, row, owner)
  local message = row .. ' times in a row the worker died, or lost its lease, while it ran this'
  local known = last_error_of(id)
  local fields = bury(id, 'poison', known == '' and message or message .. '; before that: ' .. known, attempts, owner)
  record(fields.id, 'dead', ttl, id)
  redis.call('HSET', record_of(fields.id), 'poison:' .. group, id)
  poisoned[#poisoned + 1] = fields.type or ''
  finish(id, lane)
end

local function claim(id, lane, attempts, fields)
  redis.call('XCLAIM', events, group, consumer, 0, id, 'RETRYCOUNT', attempts + 1, 'JUSTID')
  give(id, lane, attempts + 1, fields)
end

local function losses_now(id, attempts)
  local uncounted, row, at = losses_of(id)
  return uncounted, at == attempts - 1 and row + 1 or 1
end

local function is_suspect(row)
  return row >= math.min(SUSPECT_LOSSES, max_lost - 1)
end

-- Its consumer has not reported. Whether that died of this or of something else, nobody knows.
local function judge(id, lane, owner, attempts, fields)
  local uncounted, row = losses_now(id, attempts)
  if row >= max_lost then
    return poison(id, lane, attempts, row, owner)
  end
  write_losses(id, uncounted + 1, row, attempts)
  if not is_suspect(row) then
    return claim(id, lane, attempts, fields)
  end
  redis.call('XCLAIM', events, group, NOBODY, 0, id, 'RETRYCOUNT', attempts, 'JUSTID')
  redis.call('ZREM', due, member_of(id, lane))
  redis.call('ZADD', suspects, ms(now), member_of(id, lane))
end

-- Ends what needs no run (deleted by hand, done or dead already), and leaves to others what this process has no handler
-- for; else returns its fields.
local function unfinished(id, lane, owner, attempts)
  local fields = fields_at(id)
  if not fields.id then
    finish(id, lane)
  elseif redis.call('HEXISTS', record_of(fields.id), group) == 1 then
    finish(id, lane)
    skipped = skipped + 1
  elseif not runs(fields.type or '') then
    leave_to_others(id, lane, fields.type or '', owner, attempts)
  else
    return fields
  end
end

local function look_at(id, lane)
  local owner, attempts = owner_of(id)
  if not owner then
    return finish(id, lane)
  elseif owner ~= NOBODY and now < patience then
    return redis.call('ZADD', due, ms(patience), member_of(id, lane))
  end
  local fields = unfinished(id, lane, owner, attempts)
  if not fields then
    return
  elseif owner == NOBODY then
    redis.call('ZREM', suspects, member_of(id, lane))
    claim(id, lane, attempts, fields)
  else
    judge(id, lane, owner, attempts, fields)
  end
end

local function take_due(room)
  local until_given, examined = #given + room, 0
  while #given < until_given and examined < scan_limit do
    local members = redis.call('ZRANGEBYSCORE', due, '-inf', ms(now), 'LIMIT', 0, until_given - #given)
    if #members == 0 then
      return
    end
    for _, member in ipairs(members) do
      look_at(split_member(member))
    end
    examined = examined + #members
  end
end

-- How many suspects may run together: an eighth of the slots, then half as many each time, and alone in good time.
local function together(id)
  local _, row = losses_of(id)
  return row >= max_lost - 2 and 1 or math.max(1, math.floor(count / 2 ^ (row + 1)))
end

-- Leases that lapsed just now, at the front of `due`: who comes for suspects need not wait for an ordinary take.
local function find_suspects()
  for _, member in ipairs(redis.call('ZRANGEBYSCORE', due, '-inf', ms(now), 'LIMIT', 0, count)) do
    local id, lane = split_member(member)
    local owner, attempts = owner_of(id)
    if owner and owner ~= NOBODY then
      local _, row = losses_now(id, attempts)
      if is_suspect(row) then
        look_at(id, lane)
      end
    end
  end
end

local function take_suspects()
  find_suspects()
  for _, member in ipairs(redis.call('ZRANGE', suspects, 0, count - 1)) do
    local id, lane = split_member(member)
    local owner, attempts = owner_of(id)
    if owner == NOBODY and #given + 1 > together(id) and #given > 0 then
      return
    end
    redis.call('ZREM', suspects, member)
    if not owner then
      finish(id, lane)
    elseif owner == NOBODY then
      local fields = unfinished(id, lane, owner, attempts)
      if fields then
        claim(id, lane, attempts, fields)
      end
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

-- The group was destroyed (by hand, or with the server's data): start again at 0.
local function heal()
  redis.call('XGROUP', 'CREATE', events, group, '0', 'MKSTREAM')
  begin_anew()
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
  take_suspects()
  return answer(0, '')
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
return answer(wait, doorbell)
