#!lua flags=no-writes
-- What a group holds on one partition: who runs what, which retries come next and why, which lanes are held back.
--
-- KEYS  1 the partition's stream
-- ARGV  1 group   2 ms of silence after which a consumer that holds nothing is left out
--       3 how many entries are looked at for each of these   4 how many are told of
-- Result: { now ms, consumers, running, retries, lanes }
--   consumers: { name, ms of silence (-1: unknown), pending }
--   running:   { consumer, entry id, event id, type, lane, attempt, ms until its lease ends }
--   retries:   { attempts so far, ms until the next, its last error } of each that was looked at
--   lanes:     { lane, how many wait in it, head's entry id, event id, type, owner, attempts, ms until it is due, error }
--
-- What it costs is bounded by ARGV 3, however much the group holds.
--@include partition
--@include group
--@include entries
local LOOKED_AT, LISTED = tonumber(ARGV[3]), tonumber(ARGV[4])

local function score_of(id, lane)
  return tonumber(redis.call('ZSCORE', due, member_of(id, lane)) or 0)
end

local function until_ms(score)
  return score >= UNHANDLED and -1 or math.max(score - now, 0)
end

local function running_of(consumer, rows)
  for _, row in ipairs(redis.call('XPENDING', events, group, '-', '+', LISTED, consumer)) do
    local fields = fields_at(row[1])
    local lane = fields.key or ''
    local score = math.max(score_of(row[1], lane), score_of(row[1], ''))
    rows[#rows + 1] = { consumer, row[1], fields.id or '', fields.type or '', lane, row[4], ms(score - now) }
  end
end

local function consumers_and_running()
  local consumers, running, silence = {}, {}, {}
  local seen = redis.call('ZREVRANGEBYSCORE', group_base .. ':seen', '+inf', ms(now - ARGV[2]), 'WITHSCORES', 'LIMIT', 0, LISTED)
  for at = 1, #seen, 2 do
    silence[seen[at]] = math.max(now - seen[at + 1], 0)
  end
  local known = redis.pcall('XINFO', 'CONSUMERS', events, group)
  for _, flat in ipairs(known.err and {} or known) do
    local info = fields_of(flat)
    if info.name ~= NOBODY and #consumers < LISTED and (info.pending > 0 or silence[info.name]) then
      consumers[#consumers + 1] = { info.name, ms(silence[info.name] or -1), info.pending }
      silence[info.name] = nil
      if #running < LISTED then
        running_of(info.name, running)
      end
    end
  end
  for name, ago in pairs(silence) do
    consumers[#consumers + 1] = { name, ms(ago), 0 }
  end
  return consumers, running
end

local function retries()
  local rows = {}
  local members = redis.call('ZRANGEBYSCORE', due, '-inf', '(' .. ms(UNHANDLED), 'WITHSCORES', 'LIMIT', 0, LOOKED_AT)
  for at = 1, #members, 2 do
    local id = split_member(members[at])
    local owner, attempts = owner_of(id)
    if owner == NOBODY and attempts > 0 then
      rows[#rows + 1] = { attempts, ms(until_ms(tonumber(members[at + 1]))), last_error_of(id) }
    end
  end
  return rows
end

local function lanes()
  local found, known = {}, {}
  for _, member in ipairs(redis.call('ZRANGEBYSCORE', due, ms(PARKED), ms(PARKED), 'LIMIT', 0, LOOKED_AT)) do
    local _, lane = split_member(member)
    if not known[lane] then
      known[lane] = true
      found[#found + 1] = { lane, redis.call('LLEN', lane_of(lane)) - 1 }
    end
  end
  table.sort(found, function(one, other) return one[2] > other[2] end)
  local rows = {}
  for at = 1, math.min(LISTED, #found) do
    local lane, waiting = found[at][1], found[at][2]
    local head = redis.call('LINDEX', lane_of(lane), 0)
    if head then
      local owner, attempts = owner_of(head)
      local fields = fields_at(head)
      rows[#rows + 1] = { lane, waiting, head, fields.id or '', fields.type or '', owner or '', attempts or 0,
        ms(until_ms(score_of(head, lane))), last_error_of(head) }
    end
  end
  return rows
end

local consumers, running = consumers_and_running()
return { now, consumers, running, retries(), lanes() }
