#!lua flags=no-writes
-- Follow-ups that wait, in the order in which they are due, without their bodies; a slice at a time.
--
-- KEYS  1 the partition's stream
-- ARGV  1 group   2 at most so many found (0: they are only counted)   3 at most so many looked at
--       4, 5 those behind this place: when that one is due, ms by the server's clock, and its id ('', '': from the first)
--       6 due before, ms by the server's clock   7 asked for until, ms likewise, and by no debounced handler   8 task   9 key   10 entity (each '': any)
-- Result: { looked at, found, place of the last one that was looked at: ms and id ('', '': nothing is left behind it),
--           then of each found: id, when it is due (ms by the server's clock), row without the body }
--
-- What a call costs does not grow with what waits: a place is found by the time and by halving those of one millisecond.
--@include partition
--@include group
--@include compact_records
--@include records
--@include outcomes
--@include entries
--@include debounced
--@include follow_ups
--@include waiting_row
local MOST_BYTES = 1048576 -- of rows that are read in one call, so that the server is never blocked for long
local most_found, most_looked, place_ms, place_id = tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4], ARGV[5]
local due_before, asked_until, task, key, entity = unpack(ARGV, 6, 10)
local ahead = now - wall -- of the group's clock, by which they are due
local LATEST = 253402300799000 -- the last time that can be written
local FIRST_ID = 'follow-up/' -- comes before every id
local waiting = follow_ups.waiting

-- By the server's clock, also of a time that somebody else has put there.
local function wall_ms(score)
  return ms(math.max(0, math.min(score - ahead, LATEST)))
end

-- Whether an id comes behind another one of the same millisecond, as the server has it: by bytes. Lua would compare by locale.
local function is_behind(id, other)
  for at = 1, math.min(#id, #other) do
    local own, others = string.byte(id, at), string.byte(other, at)
    if own ~= others then
      return own > others
    end
  end
  return #id > #other
end

local function rank_behind(score, id)
  local low, high = redis.call('ZCOUNT', waiting, '-inf', '(' .. score), redis.call('ZCOUNT', waiting, '-inf', score)
  while low < high do
    local middle = math.floor((low + high) / 2)
    if is_behind(redis.call('ZRANGE', waiting, middle, middle)[1], id) then
      high = middle
    else
      low = middle + 1
    end
  end
  return low
end

-- What the author has called it and which task it runs, from what stands in the clear (`Said` in follow_ups.py).
local function said_in(fields)
  local fine, said = pcall(cjson.decode, string.match(fields.tp or '', '\2(.*)$') or '')
  return fine and type(said) == 'table' and said or {}
end

-- Of debounced handlers nothing is asked for until some time: what takes the place of another says since when that waited.
local function is_meant(id, asked, head)
  if asked_until ~= '' and (asked > tonumber(asked_until) or debounced.is_one(id)) then
    return false
  elseif task == '' and key == '' and entity == '' then
    return true
  end
  local fields = entry_fields({ 'head', head, 'body', '' })
  if entity ~= '' and fields.key ~= entity then
    return false
  elseif task == '' and key == '' then
    return true
  end
  local said = said_in(fields)
  return (key == '' or said[1] == key) and (task == '' or said[4] == task)
end

local first = place_ms == '' and 0 or rank_behind(ms(place_ms + ahead), place_id)
local last = redis.call('ZCOUNT', waiting, '-inf', due_before == '' and '+inf' or '(' .. ms(due_before + ahead)) - 1
local flat = {}
if first <= last then
  flat = redis.call('ZRANGE', waiting, first, math.min(last, first + most_looked - 1), 'WITHSCORES')
end

local rows, found, looked, bytes = {}, 0, 0, 0
for at = 1, #flat, 2 do
  if bytes > MOST_BYTES or (most_found > 0 and found == most_found) then
    break
  end
  looked = looked + 1
  local row = redis.call('HGET', follow_ups.entries, flat[at]) or ''
  bytes = bytes + #row
  local asked, bodiless, head = waiting_row.read(row)
  if asked and is_meant(flat[at], asked, head) then
    found = found + 1
    if most_found > 0 then
      rows[#rows + 1] = flat[at]
      rows[#rows + 1] = wall_ms(flat[at + 1])
      rows[#rows + 1] = bodiless
    end
  end
end
if first + looked > last then
  return { looked, found, '', '', unpack(rows) }
end
local id, score = flat[looked * 2 - 1], flat[looked * 2]
if not string.find(id, '^follow%-up/[%w/-]+$') then -- somebody else's, and no place to go on: the next millisecond is
  id, score = FIRST_ID, score + 1
end
return { looked, found, wall_ms(score), id, unpack(rows) }
