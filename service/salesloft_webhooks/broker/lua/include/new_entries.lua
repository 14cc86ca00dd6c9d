-- Entries that the group has not read yet. Needs: patterns, filter, leases.
--
-- Read once, each is leased, parked behind its lane's head, left unhandled, or acknowledged because the
-- group does not want it or has finished its event.

-- What is addressed to this group alone (a redrive, a replay) was wanted by whoever sent it again.
local wants
do -- a script has room for 200 local names
  local wanted_type = {}
  function wants(event_type, only)
    if only ~= '' then
      return only == group
    end
    if wanted_type[event_type] == nil then
      wanted_type[event_type] = runs(event_type) or any_version(version_wants, event_type)
    end
    return wanted_type[event_type]
  end
end

-- Whether nothing is to be run for an entry: the event is finished, or on its way by an earlier entry, which the group has
-- got from an archive before the event was delivered to all.
local function needs_no_run(event_id, id)
  local outcome, copy = outcome_of(event_id, id)
  if outcome or not copy then
    return outcome ~= nil
  end
  local copy_ms, copy_seq = string.match(copy, '^(%d+)%-(%d+)$')
  local own_ms, own_seq = split_id(id)
  local is_earlier = copy_ms and (tonumber(copy_ms) < own_ms
    or (tonumber(copy_ms) == own_ms and tonumber(copy_seq) < own_seq))
  return is_earlier and owner_of(copy) ~= nil
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

-- Leases nothing: passes what nobody needs to run, up to the first entry that somebody does; whether there is no such one.
-- In steps, as there is one at once as a rule, and each entry is read with its body.
local function has_read_everything()
  local MOST_AT_ONCE = 16
  local last, step, looked_at = nil, 1, 0
  for _, flat in ipairs(redis.call('XINFO', 'GROUPS', events)) do
    local info = fields_of(flat)
    last = info.name == group and info['last-delivered-id'] or last
  end
  while last and looked_at < scan_limit do -- nil: the group is gone, and the next take makes it again
    local entries, passed = redis.call('XRANGE', events, '(' .. last, '+', 'COUNT', step), {}
    for _, entry in ipairs(entries) do
      local fields = entry_fields(entry[2])
      local wanted = fields.id and fields.type and wants(fields.type, fields.only or '')
      if wanted and not needs_no_run(fields.id, entry[1]) then
        break
      end
      skipped = skipped + (wanted and 1 or 0)
      passed[#passed + 1] = entry[1]
    end
    if #passed > 0 then
      read(#passed)
      redis.call('XACK', events, group, unpack(passed))
    end
    if #passed < #entries or #entries < step then
      return #passed == #entries
    end
    last, looked_at, step = passed[#passed], looked_at + #passed, math.min(2 * step, MOST_AT_ONCE)
  end
  return false
end

-- True when the entry goes into a lane behind others.
local lease_of_lane = {}
local function parks(id, lane)
  if redis.call('RPUSH', lane_of(lane), id) == 1 then
    return false
  end
  if lease_of_lane[lane] then
    has_followers(lease_of_lane[lane])
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
      local id, fields = entry[1], entry_fields(entry[2])
      if not fields.id or not fields.type or not wants(fields.type, fields.only or '') then
        unwanted[#unwanted + 1] = id
      elseif needs_no_run(fields.id, id) then
        unwanted[#unwanted + 1] = id
        skipped = skipped + 1
      else
        local lane = ordered and fields.key or ''
        if lane ~= '' and parks(id, lane) then
          -- waits for its turn
        elseif not runs(fields.type) then
          leave_to_others(id, lane, fields.type, NOBODY, 0)
        else
          lease_out(id, lane, 1, fields, 0)
          lease_of_lane[lane] = leases[#leases]
          room = room - 1
        end
      end
    end
    if #unwanted > 0 then
      redis.call('XACK', events, group, unpack(unwanted))
    end
  end
end

