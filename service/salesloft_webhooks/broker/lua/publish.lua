#!lua
-- Stores a batch of verified events, each atomically: deduplication, watermark and the write are one step.
--
-- KEYS  1 the partition's stream
-- ARGV  1 idempotency TTL, s   2 watermark TTL, s   3 the number of partitions the caller spreads events over
--       4 format to write
--       then ten per event: id, the id's digest (include/compact_records.lua), head (broker/entry_head.py), body,
--       bytes that it shares with the latest body that is whole, which it then only is the rest of ('': it is whole),
--       token of the delivery,
--       what to do with its watermark: '' nothing | 'raise' | 'compare' (its level lives elsewhere; a lower version of
--       this program may have kept it here), watermark subject, watermark name, watermark level
-- Result: per event 'new' | 'duplicate' | 'below' (its watermark was reached before) | 'refused ' and the error
--       (a key of the wrong type: nothing was written for this event, and the others are stored); 'moved' for each when
--       another number of partitions is in force: nothing was written
--
-- Invariants kept
--   An id in the stream has an idempotency record, and the record names its entry. A record that names none is of an
--   event that a worker had in hand when the server lost its data: only the outcome is known, the event is not here.
--   What a group has got from an archive, when this store did not have the event, makes no delivery of it a duplicate: the
--   others get it then. That group does not, if its own entry is there or finished (take.lua).
--   Who repeats a call (a lost reply, a batch split in two) gets the first one's answer: the record knows its token.
--   A watermark never falls, is raised only by what is stored, and lives for its TTL after it was seen last.
--   Every call writes: a duplicate is counted in its record. So a WAIT or WAITAOF after it also covers the write of the
--   original, which may have come over another connection a moment ago.
-- No allow-oom flag: a full server refuses the whole batch before anything is written.
local FIELDS = 10
--@include partition
--@include compact_records
--@include records
--@include compact_growth
--@include entries
--@include watermark
--@include layout
local idempotency_ttl, watermark_ttl, format = ARGV[1], ARGV[2], tonumber(ARGV[4])

-- The body that later events of the same delivery share, and the entry that carries it once one is stored.
local shared, carrier

-- What an entry of format 2 says of its body (fields `of` and `body`), and of format 1: its whole body.
local function body_of(rest, kept)
  if kept == '' then
    return '', rest
  elseif format == 1 then
    return '', string.sub(shared, 1, tonumber(kept)) .. rest
  elseif carrier then
    return position_of(carrier) .. ' ' .. kept .. ' ' .. rest, ''
  end
  return ' ' .. kept .. ' ' .. rest, shared
end

local function add_entry(at)
  local head = ARGV[at + 2]
  local of, body = body_of(ARGV[at + 3], ARGV[at + 4])
  if format == 1 then
    local fields = entry_fields({ 'head', head })
    return redis.call('XADD', events, '*', 'id', fields.id, 'type', fields.type, 'key', fields.key, 'src', fields.src,
      'at', fields.at == '' and ms(now) or fields.at, 'made', fields.made, 'tp', fields.tp, 'only', '', 'body', body)
  end
  local entry = redis.call('XADD', events, '*', 'head', head .. of, 'body', body)
  if body ~= '' then
    carrier = entry
  end
  return entry
end

local function store(at)
  local event_id, token = ARGV[at], ARGV[at + 5]
  know_digest(event_id, ARGV[at + 1])
  local known, its_token, copied = stored_as(event_id)
  if known and its_token == token then
    remember_repeat(event_id, token)
    return 'new'
  elseif known and not copied then
    count_duplicate(event_id, idempotency_ttl)
    return 'duplicate'
  end
  local entry = add_entry(at)
  remember_stored(event_id, entry, token, idempotency_ttl, format, copied)
  return 'new'
end

local function publish(at)
  local use, subject, name, level = ARGV[at + 6], ARGV[at + 7], ARGV[at + 8], tonumber(ARGV[at + 9])
  if ARGV[at + 4] == '' then
    shared, carrier = ARGV[at + 3], nil
  end
  if use == '' then
    return store(at)
  elseif level <= seen_level(subject, name, watermark_ttl) then
    return 'below'
  end
  local result = store(at)
  if use == 'raise' then
    raise_level(subject, name, level, watermark_ttl)
  end
  return result
end

local results = moved(ARGV[3], (#ARGV - 4) / FIELDS)
if results then
  return results
end
results = {}
for at = 5, #ARGV, FIELDS do
  results[#results + 1] = guarded(publish, at)
end
keep_growth()
return results
