-- Handing a lane over: whoever has finished its head gets the next entry in the same call. Needs: lease_rows, outcomes,
-- limits, entries, the arguments of settle.lua, and its `changed`, which is written here; `behind` is what is left of it.
--
-- Handed over is what nobody has begun, and nothing else: what was tried before may be isolated, given up or without a
-- handler, and all that is for `take` to judge.
--
-- With it come copies of what waits behind it in the lane, which stays parked: while the consumer holds the head nobody
-- else can begin anything there, so it may run those one after another under that lease, as first attempts, and settle
-- them in order in one call. Whoever dies meanwhile leaves the head to lapse, and all is run again in order. What kills its
-- worker is then hidden behind the head that lost its lease: so for a while after a loss nothing comes with a head.
local CAREFUL_MS, MOST_BYTES_BEHIND = 600000, 65536
-- Leases are given by the group's clock: it has to be right. The second that `note_call` returns is what limits the group.
limits.here = (room > 0 or repeated) and select(2, note_call(lease)) or ''
local handed_over = {}
local due_times = { 'ZADD', due } -- two words; scores and members follow
local something_is_due = repeated -- a repeat: what the first call made due is not known any more
local memory = group_base .. ':last_settle:' .. consumer

-- Written all at once, at the end.
local function set_due(id, lane, at)
  due_times[#due_times + 1] = ms(at)
  due_times[#due_times + 1] = member_of(id, lane)
end

local function write_settled_due_times()
  if #due_times > 2 then
    redis.call(unpack(due_times))
  end
end

local function make_due(id, lane, at)
  set_due(id, lane, at)
  something_is_due = true
end

local paused
local function is_paused()
  if paused == nil then
    paused = redis.call('EXISTS', group_base .. ':pause') == 1
  end
  return paused
end

-- The fields of an entry that this consumer may begin; nil when that is for `take` to judge.
local function fields_to_begin(id)
  local owner, attempts = owner_of(id)
  if owner ~= NOBODY or attempts > 0 then
    return nil
  end
  local fields, whole = fields_at(id)
  if not (whole and fields.id and runs(fields.type or '')) or outcome_of(fields.id, id) then
    return nil
  end
  return fields
end

local bytes_behind = 0
local function rows_behind(lane)
  local rows = {}
  if behind < 1 or now - tonumber(redis.call('HGET', clock, LOST) or 0) < CAREFUL_MS then
    return rows
  end
  local ids = redis.call('LRANGE', lane_of(lane), 1, behind + 1)
  for at = 1, math.min(behind, #ids) do
    local fields = bytes_behind < MOST_BYTES_BEHIND and fields_to_begin(ids[at])
    -- Nor does a follow-up come along: what runs before it may cancel it, and a copy would run all the same.
    if not fields or (fields.only or '') ~= '' then
      break
    end
    rows[at] = lease_row(ids[at], lane, 1, 0, '', ids[at + 1] and 1 or 0, fields)
    bytes_behind = bytes_behind + #(fields.body or '')
  end
  behind = behind - #rows
  return rows
end

-- Followed: 1 or 0, as the row has it (0 is true in Lua).
local function hand_out(id, lane, fields, followed)
  set_due(id, lane, now + lease)
  handed_over[#handed_over + 1] = lease_row(id, lane, 1, 0, '', followed, fields)
end

-- Leases the entry that heads its lane now; false when that is for `take`.
local function hand_over(id, lane, followed)
  -- In a group that is limited each attempt needs a permit, which its worker asks for before it takes.
  if #handed_over >= room or limits.are_any(limits.here) or is_paused() then
    return false
  end
  local fields = fields_to_begin(id)
  if not fields then
    return false
  end
  redis.call('XCLAIM', events, group, consumer, 0, id, 'RETRYCOUNT', 1, 'JUSTID')
  changed[id] = { owner = consumer, delivered = 1 }
  hand_out(id, lane, fields, followed and 1 or 0)
  if followed then
    table.insert(handed_over[#handed_over], rows_behind(lane))
  end
  return true
end

-- What the consumer has run already, behind the entry that this call has just finished: it is the consumer's by that.
local function pass_on(id, lane)
  local owner, attempts = owner_of(id)
  if owner == NOBODY and attempts == 0 then
    changed[id] = { owner = consumer, delivered = 1 }
  end
  set_due(id, lane, now) -- it heads its lane, should its outcome not be stored
end

-- A repeat after a lost reply must name the same leases. Kept no longer than they last.
local function remember_handed_over()
  if #handed_over > 0 then
    local words = { token, run }
    for _, row in ipairs(handed_over) do
      words[#words + 1] = row[1]
    end
    redis.call('SET', memory, table.concat(words, ' '), 'PX', ms(lease))
  end
end

-- What this call has handed over before, as far as it is still the consumer's by that.
local function hand_over_again()
  local its_token, its_run, ids = string.match(redis.call('GET', memory) or '', '^(%d+) (%S*) (.*)$')
  for id in string.gmatch(its_token == token and its_run == run and ids or '', '%S+') do
    local owner, delivered = owner_of(id)
    local fields, whole = fields_at(id)
    local is_ours = owner == consumer and delivered == 1
    -- Else deleted by hand, or done after all, by who had it in an earlier run of the group: its lease will lapse.
    if is_ours and whole and fields.id and not outcome_of(fields.id, id) then
      hand_out(id, fields.key, fields, is_followed(fields.key))
    end
  end
end
