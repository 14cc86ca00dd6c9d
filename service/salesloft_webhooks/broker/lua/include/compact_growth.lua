-- New compact records, and buckets that grow with them. Needs: compact_records, records.
local TOKEN_BYTES, MOST_OFFSET, MOST_SEQUENCE = 4, 4294967295, 65535 -- what fits into VALUE
local RECORDS_PER_BUCKET = 32 -- the server reads half a bucket to find one, and each has some 130 bytes beside its records
local MARGIN_MS = 1000 -- an entry's id may be a little older than the script's clock

local function keep_window(window)
  redis.call('HSET', windows_key, ms(window.start), ms(window.buckets) .. ' ' .. ms(window.records) .. ' ' .. ms(window.finish_at))
end

-- A new latest window, of so many buckets that it need not grow before it has half of the records of the last one.
local function open_window(latest, ttl_ms)
  local all = known_windows()
  local start, expected = now - MARGIN_MS, 0
  if latest then
    start, expected = math.max(start, latest.start + 1), latest.records / 2
  end
  local buckets = math.max(1, math.floor(expected / RECORDS_PER_BUCKET))
  local window = make_window(start, buckets, 0, now + 1.5 * ttl_ms)
  -- The list forgets what has ended, and itself ends with the last of those that it names.
  local list_ends_at = window.finish_at
  for _, each in ipairs(all) do
    if each.finish_at < now then
      redis.call('HDEL', windows_key, ms(each.start))
    end
    list_ends_at = math.max(list_ends_at, each.finish_at)
  end
  table.insert(all, 1, window)
  keep_window(window)
  redis.call('PEXPIREAT', windows_key, ms(list_ends_at))
  return window
end

local function window_for_new(ttl_ms)
  local latest = known_windows()[1]
  if latest and latest.finish_at - now >= ttl_ms then
    return latest
  end
  return open_window(latest, ttl_ms)
end

-- The next bucket in turn is split: its records that belong into the new one move there. They are written before the
-- window says so, and leave the old one after that.
local function split_bucket(window)
  local index = window.buckets
  local size = size_for(index + 1)
  local old = bucket_in({ prefix = window.prefix, buckets = index, size = size }, index)
  local bucket = window.prefix .. index
  local flat, moved, words = redis.call('HGETALL', old), {}, { MADE, '' }
  for at = 1, #flat, 2 do
    if is_record(flat[at], flat[at + 1]) and struct.unpack('>I5', flat[at]) % size == index then
      moved[#moved + 1] = flat[at]
      words[#words + 1] = flat[at]
      words[#words + 1] = flat[at + 1]
    end
  end
  if #moved > 0 then
    redis.call('HSET', bucket, unpack(words))
    redis.call('PEXPIREAT', bucket, ms(window.finish_at))
  end
  window.buckets, window.size = index + 1, size
  keep_window(window)
  if #moved > 0 then
    redis.call('HDEL', old, unpack(moved))
  end
end

-- Remembers a new event in a few bytes; `more`: it has a full record, too. Returns false when it does not fit.
local function remember_compactly(event_id, entry, token, ttl, more)
  local window = window_for_new(ttl * 1000)
  local entry_ms, sequence = split_id(entry)
  local offset = entry_ms - window.start
  if #token ~= TOKEN_BYTES or offset < 0 or offset > MOST_OFFSET or sequence > MOST_SEQUENCE then
    return false
  end
  local digest, number = digest_of(event_id)
  local bucket, value = bucket_in(window, number), struct.pack(VALUE, token, offset, sequence) .. (more and MORE or '')
  if has_end[bucket] then
    redis.call('HSET', bucket, digest, value)
  else
    redis.call('HSET', bucket, MADE, '', digest, value)
    redis.call('PEXPIREAT', bucket, ms(window.finish_at))
    has_end[bucket] = true
  end
  window.records, window.grown = window.records + 1, true
  if window.records > RECORDS_PER_BUCKET * window.buckets then
    split_bucket(window)
  end
  return true
end

-- An event has just been stored; `copied`: its record has named a copy until now.
local function remember_stored(event_id, entry, token, ttl, format, copied)
  local record = record_of(event_id)
  if copied then
    redis.call('HDEL', record, 'copy:')
  end
  local more = format > 1 and redis.call('EXISTS', record) == 1
  if format > 1 and remember_compactly(event_id, entry, token, ttl, more) then
    if more then
      redis.call('HSET', record, ENTRY, entry)
      redis.call('EXPIRE', record, ms(math.ceil(1.5 * ttl)))
    end
    return
  end
  redis.call('HSET', record, ENTRY, entry, TOKEN, token)
  redis.call('EXPIRE', record, ttl)
end

-- How many records there are is written once a call: should it be lost, buckets are a little larger for it.
local function keep_growth()
  for _, window in ipairs(windows or {}) do
    if window.grown then
      keep_window(window)
    end
  end
end
