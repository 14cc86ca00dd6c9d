#!lua flags=allow-oom
-- Puts the copy of a stream in its place, with the groups that read it.
--
-- KEYS  1 the partition's stream   2 the stream to replace   3 its copy
-- ARGV  1 entries that may still be copied   2 pending entries that may be carried over: more would block the server
--       for too long
-- Result: 'replaced' | 'behind' (too much came meanwhile: copy on) | 'different' (something was deleted meanwhile: the
--       copy is gone, begin again) | 'running' (a worker runs an entry that was deleted: wait) | 'busy' (too many are
--       pending) | 'gone' (there is no such stream)
--
-- Invariants kept
--   Nothing is lost and nothing comes back: the copy has every entry of the original, and when it has as many, no other.
--   Every group stands where it stood, and every pending entry is whose it was, with its attempts.
--   Ids go on where they were, so that none is given twice. The copy's end of life is not the stream's.
-- allow-oom: half of what is used goes.
--@include partition
--@include stream_copy
local most_pending = tonumber(ARGV[2])
local MOST_BYTES, ROWS = 8388608, 1000

local function groups_of(stream)
  local found = {}
  for _, flat in ipairs(redis.call('XINFO', 'GROUPS', stream)) do
    found[#found + 1] = fields_of(flat)
  end
  return found
end

-- As many entries as the original; what was trimmed there meanwhile is trimmed here.
local function is_same()
  local first = redis.call('XRANGE', original, '-', '+', 'COUNT', 1)[1]
  if first then
    redis.call('XTRIM', copy, 'MINID', '=', first[1])
  elseif redis.call('EXISTS', copy) == 1 then
    redis.call('XTRIM', copy, 'MAXLEN', '=', 0)
  end
  return redis.call('XLEN', copy) == redis.call('XLEN', original)
end

-- Claims entries for their owner in the copy; false when the copy does not have one that a worker runs. What nobody runs
-- of such is dropped: its due time comes, and then it is found to be finished.
local function claim(name, batch)
  local words = { 'XCLAIM', copy, name, batch.consumer, 0 }
  for _, id in ipairs(batch) do
    words[#words + 1] = id
  end
  for _, word in ipairs({ 'IDLE', batch.idle, 'RETRYCOUNT', batch.delivered, 'FORCE', 'JUSTID' }) do
    words[#words + 1] = word
  end
  return #redis.call(unpack(words)) == #batch or batch.consumer == NOBODY
end

-- Carries over what is pending in a group, many at once: of one owner and as many attempts; how long they have been idle
-- nobody asks. False when a worker runs what the copy does not have.
local function carry_pending(name)
  local from, rows = '-', nil
  repeat
    rows = redis.call('XPENDING', original, name, from, '+', ROWS)
    local batches = {}
    for _, row in ipairs(rows) do
      local id, consumer, idle, delivered = unpack(row)
      local alike = consumer .. ' ' .. delivered
      batches[alike] = batches[alike] or { consumer = consumer, idle = idle, delivered = delivered }
      table.insert(batches[alike], id)
      from = '(' .. id
    end
    for _, batch in pairs(batches) do
      if not claim(name, batch) then
        return false
      end
    end
  until #rows < ROWS
  return true
end

local function carry_group(info)
  redis.call('XGROUP', 'CREATE', copy, info.name, info['last-delivered-id'], 'MKSTREAM', 'ENTRIESREAD', info['entries-read'] or -1)
  for _, flat in ipairs(redis.call('XINFO', 'CONSUMERS', original, info.name)) do
    redis.call('XGROUP', 'CREATECONSUMER', copy, info.name, fields_of(flat).name)
  end
  return carry_pending(info.name)
end

local function undo(groups)
  for _, each in ipairs(groups) do
    redis.call('XGROUP', 'DESTROY', copy, each.name)
  end
  redis.call('PEXPIRE', copy, LIFE_MS)
end

if redis.call('EXISTS', original) == 0 then
  redis.call('UNLINK', copy)
  return 'gone'
elseif not copy_more(tonumber(ARGV[1]), MOST_BYTES) then
  return 'behind'
elseif not is_same() then
  redis.call('UNLINK', copy)
  return 'different'
end
local groups, pending = groups_of(original), 0
for _, each in ipairs(groups) do
  pending = pending + each.pending
end
if pending > most_pending then
  return 'busy'
end
if redis.call('EXISTS', copy) == 0 then -- of a stream without entries: only this makes another one
  redis.call('XGROUP', 'CREATE', copy, NOBODY, '0', 'MKSTREAM')
  redis.call('XGROUP', 'DESTROY', copy, NOBODY)
end
for at, each in ipairs(groups) do
  if not carry_group(each) then
    undo({ unpack(groups, 1, at) })
    return 'running'
  end
end
local info = fields_of(redis.call('XINFO', 'STREAM', original))
redis.call('XSETID', copy, info['last-generated-id'], 'ENTRIESADDED', info['entries-added'], 'MAXDELETEDID',
  info['max-deleted-entry-id'])
redis.call('PERSIST', copy)
redis.call('UNLINK', original) -- frees its memory apart from the commands; a RENAME onto it would not
redis.call('RENAME', copy, original)
return 'replaced'
