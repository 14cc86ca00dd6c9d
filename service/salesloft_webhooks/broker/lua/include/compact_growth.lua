-- New compact records, and buckets that grow with them. Needs: compact_records, records.

-- The next bucket in turn is split: its records that belong into the new one move there. They are written before the
-- window says so, and leave the old one after that.
local function split_bucket(window)
  local index = window.buckets
  local size = size_for(index + 1)
  local old = bucket_in({ prefix = window.prefix, buckets = index, size = size }, index)
  local bucket = window.prefix .. index
  local flat, moved, words = redis.call('HGETALL', old), {}, { MADE, '' }
  for at = 1, #flat, 2 do
    if flat[at] ~= MADE and struct.unpack('>I5', flat[at]) % size == index then
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

-- An event has just been stored.
local function remember_stored(event_id, entry, token, ttl, format)
  local record = record_of(event_id)
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
