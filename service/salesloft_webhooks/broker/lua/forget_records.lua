#!lua flags=allow-oom
-- Makes room when no history is left to go: forgets old idempotency records before their time.
--
-- KEYS  1 the partition's stream
-- ARGV  1 share of what the server may use up to which records may stay   2 a record's least age to be forgotten, ms
--       3 where to go on, '0' to begin   4 keys to examine in this call, about
--       5 bytes that the server may use, beside its `maxmemory`; 0: that alone counts
-- Result: { bytes over the limit when called (0: none), records forgotten, where to go on ('0': all were looked at) }
--
-- Invariants kept
--   Only records of events that every group has finished are forgotten, and whose entry has gone with the history; none
--   of an event with a dead letter, or with a redrive or replay that is still there. A repeat of what is forgotten would
--   be stored once more.
--   Within the limit nothing is forgotten, so any number of processes may call at once.
--@include partition
--@include compact_records
--@include records
--@include finished_entries
--@include memory_limits
local share, age = tonumber(ARGV[1]), tonumber(ARGV[2])

local first = redis.call('XRANGE', events, '-', '+', 'COUNT', 1)[1]
local first_ms, first_seq = math.huge, 0
if first then
  first_ms, first_seq = split_id(first[1])
end

local function is_old(entry)
  local entry_ms, entry_seq = split_id(entry)
  return now - entry_ms > age and is_earlier(entry_ms, entry_seq, first_ms, first_seq)
end

-- Whether a dead letter of the event is there, or an entry by which a group gets it again.
local function is_needed(fields)
  for name, value in pairs(fields) do
    local resubmitted = string.find(name, AGAIN, 1, true) == 1
    if string.find(name, LETTER, 1, true) == 1 or (resubmitted and not is_old(value)) then
      return true
    end
  end
  return false
end

local function is_over(memory)
  local fields = fields_of(redis.call('HGETALL', memory))
  return fields.entry and is_old(fields.entry) and not is_needed(fields)
end

local excess = excess_over(share, 0, tonumber(ARGV[5]))
if excess <= 0 then
  return { 0, 0, '0' }
end
-- Of compact records those that have a full one, too, stay.
local function forget_in_bucket(bucket)
  local start, over = tonumber(string.match(bucket, ':(%d+):%d+$')), {}
  local flat = redis.call('HGETALL', bucket)
  for at = 1, #flat, 2 do
    local record = { window = { start = start }, value = flat[at + 1] }
    if is_record(flat[at], flat[at + 1]) and not has_mark(record, MORE) and is_old((entry_and_token(record))) then
      over[#over + 1] = flat[at]
    end
  end
  return #over > 0 and redis.call('HDEL', bucket, unpack(over)) or 0
end

-- Full records and buckets of compact ones.
local reply = redis.call('SCAN', ARGV[3], 'MATCH', base .. '[ei]*', 'COUNT', ARGV[4], 'TYPE', 'hash')
local forgotten = 0
for _, memory in ipairs(reply[2]) do
  if string.find(memory, windows_key .. ':', 1, true) == 1 then
    forgotten = forgotten + forget_in_bucket(memory)
  elseif string.find(memory, record_of(''), 1, true) == 1 and is_over(memory) then
    forgotten = forgotten + redis.call('UNLINK', memory)
  end
end
return { excess, forgotten, reply[1] }
