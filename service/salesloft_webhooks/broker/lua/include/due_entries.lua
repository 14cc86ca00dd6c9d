-- Entries that are due: their retry time has come, their lease has lapsed, or they head their lane now. Needs: leases.
--
-- What is looked at leaves the front of `due`: it is leased, finished, isolated, left unhandled or put back with a later time.

local function poison(id, lane, attempts, row, owner)
  local message = row .. ' times in a row the worker died, or lost its lease, while it ran this'
  local known = last_error_of(id)
  local fields = add_dead_letter(id, 'poison', known == '' and message or message .. '; before that: ' .. known, attempts, owner)
  set_outcome(fields.id, 'dead', ttl, id)
  remember_poisoned(fields.id, id)
  poisoned[#poisoned + 1] = fields.type or ''
  finish(id, lane)
end

local function take_over(id, lane, attempts, fields)
  redis.call('XCLAIM', events, group, consumer, 0, id, 'RETRYCOUNT', attempts + 1, 'JUSTID')
  lease_out(id, lane, attempts + 1, fields, is_followed(lane))
end

local function losses_now(id, attempts)
  local uncounted, row, at = losses_of(id)
  return uncounted, at == attempts - 1 and row + 1 or 1
end

local function is_isolated(row)
  return row >= math.min(LOSSES_BEFORE_ISOLATION, max_lost - 1)
end

-- Its consumer has not reported. Whether that died of this or of something else, nobody knows.
local function judge(id, lane, owner, attempts, fields)
  local uncounted, row = losses_now(id, attempts)
  redis.call('HSET', clock, LOST, ms(now))
  remember_attempt(fields.id, id, ttl, table.concat({ attempts, ms(wall), '- lost -', owner }, ' '))
  if row >= max_lost then
    return poison(id, lane, attempts, row, owner)
  end
  write_losses(id, uncounted + 1, row, attempts)
  if not is_isolated(row) then
    return take_over(id, lane, attempts, fields)
  end
  redis.call('XCLAIM', events, group, NOBODY, 0, id, 'RETRYCOUNT', attempts, 'JUSTID')
  redis.call('ZREM', due, member_of(id, lane))
  redis.call('ZADD', isolated, ms(now), member_of(id, lane))
end

-- Ends what needs no run (deleted by hand, done or dead already), and leaves to others what this process has no handler
-- for; else returns its fields.
local function unfinished(id, lane, owner, attempts)
  local fields = fields_at(id)
  if not fields.id then
    finish(id, lane)
  elseif outcome_of(fields.id, id) then
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
  elseif owner ~= NOBODY and now < reporting_until then
    return redis.call('ZADD', due, ms(reporting_until), member_of(id, lane))
  end
  local fields = unfinished(id, lane, owner, attempts)
  if not fields then
    return
  elseif owner == NOBODY then
    redis.call('ZREM', isolated, member_of(id, lane))
    take_over(id, lane, attempts, fields)
  else
    judge(id, lane, owner, attempts, fields)
  end
end

local function take_due(room)
  local until_leased, examined = #leases + room, 0
  while #leases < until_leased and examined < scan_limit do
    local members = redis.call('ZRANGEBYSCORE', due, '-inf', ms(now), 'LIMIT', 0, until_leased - #leases)
    if #members == 0 then
      return
    end
    for _, member in ipairs(members) do
      look_at(split_member(member))
    end
    write_due_times()
    examined = examined + #members
  end
end

