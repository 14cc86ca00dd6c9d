-- Idempotency records as format 2 has them: many in one small hash, a bucket, each in a few bytes. Needs: partition.
--
-- A record is a field of a bucket: ten bytes of the id's digest, and in the value the token of the delivery that stored
-- the event (4 bytes), the time of its entry since the window's start (4), its sequence number (2), and a byte for each
-- group that is done with it: the group's number; and MORE when there is also a full record (`records`), which has
-- all that is out of the ordinary. What does not fit is remembered in a full record from the start.
--
-- Records end together, by window: a new one is opened when what is stored now would not live for its TTL in the latest
-- any more, that is after half a TTL. `windows` has for each, by its start in ms: buckets, records, end in ms.
--
-- Buckets stay so small that the server keeps them as one string: when they grow, the next one in turn is split in two
-- (linear hashing). So a digest belongs to one bucket, which follows from the window's number of buckets alone.
local VALUE, VALUE_BYTES, DIGEST_BYTES = '>c4I4I2', 10, 10
local MORE, MOST_GROUPS = string.char(255), 250
local MADE = '' -- a bucket's first field: with it, whoever finds a bucket knows that it has its end
local windows_key, numbers_key = base .. 'ids', base .. 'numbers'

-- Windows -----------------------------------------------------------------------------------------------------------

local windows -- the latest first; nil until somebody asks

-- The least power of two that the number of buckets does not exceed.
local function size_for(buckets)
  local size = 1
  while size < buckets do
    size = size * 2
  end
  return size
end

-- `prefix` is what the names of its buckets begin with: made once, for every record is looked for under one.
local function make_window(start, buckets, records, finish_at)
  return { start = start, buckets = buckets, records = records, finish_at = finish_at,
    size = size_for(buckets), prefix = windows_key .. ':' .. ms(start) .. ':' }
end

local function by_start(one, other)
  return one.start > other.start
end

local function known_windows()
  if not windows then
    windows = {}
    for start, words in pairs(fields_of(redis.call('HGETALL', windows_key))) do
      local buckets, records, finish_at = string.match(words, '^(%d+) (%d+) (%d+)$')
      if finish_at and tonumber(start) then -- else somebody else's field, which must not stop every delivery
        windows[#windows + 1] = make_window(tonumber(start), tonumber(buckets), tonumber(records), tonumber(finish_at))
      end
    end
    table.sort(windows, by_start)
  end
  return windows
end

-- The window in which an entry of that time was stored.
local function window_of(all, entry_ms)
  for _, window in ipairs(all) do
    if window.start <= entry_ms then
      return window
    end
  end
end

-- Where a record is -------------------------------------------------------------------------------------------------

-- Of the id that was asked for last: a script asks for the same one several times.
local digested, its_digest, its_number

-- The digest of an id, and its first half as a number, which decides about the bucket.
local function digest_of(event_id)
  if event_id ~= digested then
    local hex = redis.sha1hex(event_id)
    digested, its_number = event_id, tonumber(string.sub(hex, 1, 10), 16)
    its_digest = struct.pack('>I5I5', its_number, tonumber(string.sub(hex, 11, 20), 16))
  end
  return its_digest, its_number
end

-- The caller has computed the digest of an id.
local function know_digest(event_id, digest)
  digested, its_digest, its_number = event_id, digest, struct.unpack('>I5', digest)
end

-- Linear hashing: by `size` when that bucket is there already, else by half of it, from which it will be split.
local function bucket_in(window, number)
  local index = number % window.size
  if index >= window.buckets then
    index = index - window.size / 2
  end
  return window.prefix .. index
end

-- By bucket: whether it was there when it was looked into, so that it has its end. One that nobody has looked into is
-- marked again when it is written to, which changes nothing.
local has_end = {}

-- Whether a field of a bucket and its value are one: not its first field, nor what somebody else has written or cut.
local function is_record(digest, value)
  return #digest == DIGEST_BYTES and #value >= VALUE_BYTES
end

-- The record with this digest in one window; nil when it is not there, or is too short to be one.
local function look_in(window, digest, number)
  local bucket = bucket_in(window, number)
  local known = redis.call('HMGET', bucket, MADE, digest)
  has_end[bucket] = known[1] ~= false
  return known[2] and is_record(digest, known[2]) and { window = window, bucket = bucket, digest = digest, value = known[2] }
end

-- The compact record of an event: where it is, and its value; nil when there is none. Whoever knows the event's entry
-- knows the likely window: the others are looked into only when it is not there.
local function compact_record(event_id, entry)
  local all = known_windows()
  if #all == 0 then
    return nil
  end
  local digest, number = digest_of(event_id)
  local likely = entry and window_of(all, split_id(entry))
  local found = likely and look_in(likely, digest, number)
  if found then
    return found
  end
  for _, window in ipairs(all) do
    found = window ~= likely and look_in(window, digest, number)
    if found then
      return found
    end
  end
end

-- What a record says -------------------------------------------------------------------------------------------------

local function write_value(record, value)
  redis.call('HSET', record.bucket, record.digest, value)
  record.value = value
end

-- The entry and the token that a compact record names.
local function entry_and_token(record)
  local token, offset, sequence = struct.unpack(VALUE, record.value)
  return join_id(record.window.start + offset, sequence), token
end

local function has_mark(record, mark)
  return string.find(record.value, mark, VALUE_BYTES + 1, true) ~= nil
end

local function add_mark(record, mark)
  if not has_mark(record, mark) then
    write_value(record, record.value .. mark)
  end
end

local function remove_mark(record, mark)
  local at = string.find(record.value, mark, VALUE_BYTES + 1, true)
  if at then
    write_value(record, string.sub(record.value, 1, at - 1) .. string.sub(record.value, at + 1))
  end
end

-- The byte that stands for a group, which is its own for ever; nil without one, or when there are too many groups.
local function mark_for_group(name, assign)
  local number = tonumber(redis.call('HGET', numbers_key, name) or nil)
  if not number and assign then
    number = redis.call('HLEN', numbers_key) + 1
    if number > MOST_GROUPS then
      return nil
    end
    redis.call('HSET', numbers_key, name, number)
  end
  return number and string.char(number)
end
