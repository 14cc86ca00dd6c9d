#!lua flags=allow-oom
-- Ends attempts, and hands the next entries of their lanes over to the same consumer.
--
-- KEYS  1 the partition's stream
-- ARGV  1 group   2 consumer   3 idempotency TTL, s   4 lease, ms   5 room: entries to hand over at the most
--       6 token: the number of this call among the consumer's; a repeat after a lost reply has the same   7 1: a repeat; else 0
--       8 version: what this process wants and can run, see include/filter.lua   9 the number of partitions it works with
--       10 behind: copies to give, of what waits in their lanes behind the entries that are handed over, at the most
--       11 extra: of how many outcomes the event's history of attempts is told more
--       12 how many follow-ups the attempts have asked for, or ended
--       then nine per outcome, in a lane in its order: entry id, lane, event id, attempt, run,
--       'done' | 'retry' | 'dead' | 'release', delay ms (retry, release), dead letter's reason (by no handler: done, 'filtered'
--       or 'debounced'; release, 'held_up'), what went wrong (retry, dead)
--       then five for each that is told more of: which outcome (from 1), ms since the attempt began, ms that it took (both
--       '-' when nobody knows), trace id ('-': none), what went wrong without personal data
--       then nine for each follow-up: which outcome (from 1), what about it, its id, and of what is asked for: subject, delay
--       ms, head, body, ms since it was asked for, ms it may be put off in all (include/follow_ups.lua)
--         'ask': it waits from then on that its event is done   'again': it was stored before, which a store that has failed
--         since may not know   'cancelled' | 'withdrawn': it was ended before, likewise
-- Result: { results, entries handed over as `take` gives them, run of the group, due, end }
--   entries  each may have one word more: those behind it, in the same form, to be run in order under its lease; their
--            outcomes come in one call with its own
--   due: 1 when something may be due sooner than the caller knows from its last take; else 0
--   end: as `take` gives it: where the caller's number of partitions has ended here; '' when it has not
--   results, one per outcome:
--   'settled'  as asked
--   'late'     the lease was lost, another consumer runs it, or it was given up as poison: a `done` is recorded and will
--              count, nothing else happens
--   'lost'     the lease was lost, so the attempt may no longer retry, kill or release; nothing happened
--   'gone'     the group has finished the entry already; nothing happened
--
-- Invariants kept
--   Only the holder of a lease (consumer AND attempt number AND run of the group) may retry, kill or release.
--   A lane moves on only when its head is finished, and once: a late `done` while another consumer runs the same entry
--   is written down but leaves the lane to that consumer, so no two attempts of one lane ever start side by side.
--   Handed over is only what a take would give this consumer now, as its first attempt; all else is left to `take`. It is
--   leased in the step that finishes the one before it.
--   What was run under the lease of the entry before it counts as its owner's first attempt when that is finished by the
--   same call, and nothing of the lane moves between.
--   A repeat names again what the call has leased, and no lease twice.
--   What is done stays done: a later retry or dead of the same entry ends it instead. So does one of an entry that was
--   erased meanwhile (erase.lua), of which no error text is kept.
--   What is asked for with `done` counts in the call that makes the event done, and in no other, repeated or said again.
--   What was stored before counts with an outcome that counts, and changes nothing that is known: who has the event by then,
--   when it does not (a repeat, a lost lease), asks and ends anew.
--   Poison is a guess, `done` a fact: a `done` that comes after it stands, and the dead letter is finished with it.
--@include partition
--@include group
--@include compact_records
--@include records
--@include outcomes
--@include kinds_of_done
--@include entries
--@include debounced
--@include follow_ups
--@include giving_up
--@include attempt_history
--@include held_entries
--@include patterns
--@include filter
--@include layout
--@include limits
local FIRST, FIELDS, MORE_FIELDS = 13, 9, 5
follow_ups.words, follow_ups.at = 9, {}
follow_ups.first = #ARGV + 1 - follow_ups.words * ARGV[12]
local consumer, ttl, run = ARGV[2], ARGV[3], run_of_group()
local lease, room, token, repeated, version = tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6], ARGV[7] == '1', ARGV[8]
local behind, EXTRA = tonumber(ARGV[10]), follow_ups.first - MORE_FIELDS * ARGV[11]
local delivery_count_if_held = read_held_entries(consumer, (EXTRA - FIRST) / FIELDS)

-- What this call has changed: the owner and delivery count of an entry, false for one that is finished (nil: unchanged).
local changed = {}
local function present_owner_of(id)
  if changed[id] then
    return changed[id].owner, changed[id].delivered
  elseif changed[id] == nil then
    local delivered = delivery_count_if_held(id)
    if delivered then
      return consumer, delivered
    end
    return owner_of(id)
  end
end

--@include lease_rows
--@include handover

local reported = {}
for at = FIRST, EXTRA - 1, FIELDS do
  reported[ARGV[at]] = true
end

-- By the number of an outcome: where what is told more of it begins.
local extra_at = {}
for at = EXTRA, follow_ups.first - 1, MORE_FIELDS do
  extra_at[tonumber(ARGV[at])] = at
end

-- By the number of an outcome: where each of its follow-ups begins.
for at = follow_ups.first, #ARGV, follow_ups.words do
  local number = tonumber(ARGV[at])
  follow_ups.at[number] = follow_ups.at[number] or {}
  table.insert(follow_ups.at[number], at)
end

-- What was stored before an outcome that counts; and what comes with `done` when this call makes the event done.
function follow_ups.settle(number, event_id, with_done)
  for _, at in ipairs(follow_ups.at[number] or {}) do
    local act, id, subject, delay, head, body, ago, at_most = unpack(ARGV, at + 1, at + 8)
    if act == 'again' or (act == 'ask' and with_done) then
      local asked, way = wall - tonumber(ago), tonumber(ago) > 0 and 'again' or 'ask'
      follow_ups.ask(way, id, subject, event_id, head, body, tonumber(ttl), asked, asked + tonumber(delay), tonumber(at_most))
    elseif act ~= 'ask' then
      follow_ups.finish(id, act, tonumber(ttl))
    end
  end
end

-- A line for the event's history. What nobody has told more of has ended now.
local function line_of(number, attempt, ended)
  local ago, length, trace, problem = '-', '-', '-', ''
  if extra_at[number] then
    ago, length, trace, problem = unpack(ARGV, extra_at[number] + 1, extra_at[number] + 4)
  end
  return table.concat({ attempt, ms(wall - (tonumber(ago) or 0)), length, ended, trace, problem }, ' ')
end

-- Acknowledged all at once, at the end.
local finished = { ids = {}, members = {} }
local function finish_later(id, lane)
  finished.ids[#finished.ids + 1] = id
  finished.members[#finished.members + 1] = member_of(id, lane)
  changed[id] = false
  local next_id, followed = leave_lane(id, lane)
  if next_id and reported[next_id] then
    pass_on(next_id, lane)
  elseif next_id and not hand_over(next_id, lane, followed) then
    make_due(next_id, lane, now)
  end
end

--@include giving_back

-- A `done` of an entry that the group does not hold (any more): whether it was written down over a poisoned one's death.
local function undo_poison(id, event_id)
  local undone = outcome_of(event_id, id) == 'dead' and poisoned_entry_of(event_id) == id
  if undone then
    set_outcome(event_id, 'done', ttl, id)
  end
  return undone
end

-- A success: when it came late, nobody knew of earlier attempts at its start.
local function tell_success(number, attempt, event_id, late)
  if late or extra_at[number] then
    remember_success(event_id, line_of(number, attempt, 'done'))
  end
end

local function settle(number, id, lane, event_id, attempt, its_run, outcome, delay, reason, message)
  local owner, delivered = present_owner_of(id)
  if not owner then
    if outcome == 'done' and undo_poison(id, event_id) then
      tell_success(number, attempt, event_id, true)
      follow_ups.settle(number, event_id, true)
      return 'late'
    end
    if outcome == 'done' and not outcome_of(event_id, id) then
      -- The group was destroyed, and has not read the entry again yet; or the entry was lost with the server's data.
      -- In that case no entry is named: a repeated delivery must be stored, for the other groups.
      set_outcome(event_id, 'done', ttl, redis.call('XRANGE', events, id, id)[1] and id)
      follow_ups.settle(number, event_id, true)
    end
    return 'gone'
  end
  local owned = owner == consumer and delivered == attempt and its_run == run
  local done = outcome == 'done'
  local known = done and follow_ups.at[number] and outcome_of(event_id, id) == 'done'
  if owned or done and not known then
    follow_ups.settle(number, event_id, done and (not known or follow_ups.is_called_off(event_id)))
  end
  if done then
    set_outcome(event_id, 'done', ttl, id)
    if kinds_of_done[reason] then
      remember_kind(reason, event_id, ttl, id)
    end
    local late = not owned and owner ~= NOBODY
    tell_success(number, attempt, event_id, late)
    if late then
      return 'late'
    end
    finish_later(id, lane)
  elseif not owned then
    return 'lost'
  elseif outcome_of(event_id, id) == 'done' then
    finish_later(id, lane)
  elseif not redis.call('XRANGE', events, id, id)[1] then
    -- Erased while it ran, or deleted by hand: there is nothing to try again and nothing to keep, nor to give back, or its
    -- due time would be written after the lane has dropped it.
    finish_later(id, lane)
  elseif outcome == 'dead' then
    remember_attempt(event_id, id, ttl, line_of(number, attempt, 'dead'))
    add_dead_letter(id, reason, message, attempt, consumer)
    set_outcome(event_id, 'dead', ttl, id)
    finish_later(id, lane)
  elseif outcome == 'retry' then
    remember_attempt(event_id, id, ttl, line_of(number, attempt, 'retry'))
    redis.call('HSET', attempts_key, id .. ':error', message)
    put_back(id, lane, attempt, delay)
  else
    release(id, lane, attempt, delay, reason)
  end
  return 'settled'
end

local function settle_all()
  local results = {}
  for at = FIRST, EXTRA - 1, FIELDS do
    results[#results + 1] = settle(#results + 1, ARGV[at], ARGV[at + 1], ARGV[at + 2], tonumber(ARGV[at + 3]), ARGV[at + 4],
      ARGV[at + 5], tonumber(ARGV[at + 6]), ARGV[at + 7], ARGV[at + 8])
  end
  return results
end

-- A key of the wrong type stops the call where it is; what it has finished until then is acknowledged all the same.
if repeated then
  hand_over_again()
end
local fine, results = pcall(settle_all)
write_settled_due_times()
remember_handed_over()
if #finished.ids > 0 then
  acknowledge(finished.ids, finished.members)
end
if not fine then
  error(results)
end
return { results, handed_over, run, something_is_due and 1 or 0, #handed_over > 0 and end_of(ARGV[9]) or '' }
