-- What `take` gives out, and what it answers. Needs: lease_rows, entries, outcomes, giving_up, layout, and the arguments of take.lua.

-- The body it shares with another entry was deleted by hand: nobody could handle it.
local function give_up_unreadable(id, lane, attempt, event_id)
  add_dead_letter(id, 'permanent', 'its body is gone: the entry that carried it was deleted', attempt, consumer)
  set_outcome(event_id, 'dead', ttl, id)
  finish(id, lane)
end

-- `due` leaves entries to their leases: written for many at once, before `due` is looked at again. The last one first: a
-- small sorted set is a list that is searched from its front, and there each finds its place before those written already.
local leases_in_due = 0
local function write_due_times()
  if leases_in_due == #leases then
    return
  end
  local words = { 'ZADD', due }
  for at = #leases, leases_in_due + 1, -1 do
    words[#words + 1] = lease_end
    words[#words + 1] = member_of(leases[at][1], leases[at][2])
  end
  redis.call(unpack(words))
  leases_in_due = #leases
end

local function lease_out(id, lane, attempt, fields, followed)
  if not make_whole(id, fields) then
    return give_up_unreadable(id, lane, attempt, fields.id)
  end
  local failures, last_error = 0, ''
  if attempt > 1 then
    failures, last_error = math.max(0, attempt - 1 - (losses_of(id))), last_error_of(id)
  end
  leases[#leases + 1] = lease_row(id, lane, attempt, failures, last_error, followed, fields)
end

local unhandled_types = {}
local function leave_to_others(id, lane, event_type, owner, attempts)
  leave_unhandled(id, lane, event_type, owner, attempts)
  unhandled_types[#unhandled_types + 1] = event_type
end

local function answer(wait, last_id)
  write_due_times()
  -- Whoever asks again with the same token is told the same; nothing needs to be kept of an empty answer, except that
  -- the first take of a token may still be on its way and must then find this one.
  if repeated or #leases > 0 then
    local words = { token }
    for _, one in ipairs(leases) do
      words[#words + 1] = one[1] .. ' ' .. one[3]
    end
    redis.call('HSET', last_takes, consumer, table.concat(words, ' '))
  end
  local ended = ordered and #leases > 0 and end_of(number) or ''
  return { state, wait, last_id, skipped, poisoned, leases, redis.call('ZCOUNT', isolated, '-inf', ms(now)), run_of_group(), unhandled_types,
    ended }
end

-- What this take has leased before, as far as it is still the consumer's; true when its token was used up already, so
-- that a call which the server had in its buffers while it hung leases nothing when its repeat has been answered.
local function repeat_last_take()
  local words = redis.call('HGET', last_takes, consumer) or ''
  local last = string.match(words, '^%d+') or '0'
  if tonumber(last) < tonumber(token) then
    return false
  end
  for id, attempt in string.gmatch(last == token and words or '', '(%d+%-%d+) (%d+)') do
    local owner, delivered = owner_of(id)
    if owner == consumer and delivered == tonumber(attempt) then
      local fields = fields_at(id)
      -- Else it was deleted by hand, or is done after all, by who had lost it before: this lease will lapse.
      if fields.id and not outcome_of(fields.id, id) then
        local lane = ordered and fields.key or ''
        lease_out(id, lane, delivered, fields, is_followed(lane))
      end
    end
  end
  return true
end
