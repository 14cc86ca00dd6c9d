#!lua flags=allow-oom
-- Makes room: removes finished history, oldest first, while the server or the partition's stream is over its limit.
--
-- KEYS  1 the partition's stream
-- ARGV  1 share of what the server may use up to which history may stay   2 bytes that this stream may have; 0: any
--       3 most entries to remove and to examine; 0: only look
--       4 where to look for finished entries behind unfinished ones: an id, exclusive; '0-0' to begin; '' not at all
--       5 bytes that the server may use, beside its `maxmemory`; 0: that alone counts
-- Result: { bytes over the limit when called (0: none), what the server may use (0: no limit), entries removed,
--         ms of the oldest entry left (0: none), where to look next ('': nothing finished is left),
--         what the server used when called }
--
-- Invariants kept
--   Nothing pending and nothing undelivered in any group is removed, nor what carries the body of it; without a single
--   group nothing is. What stays has its body.
--   Within the limits nothing is removed, so any number of processes may call at once.
-- Finished entries behind an unfinished one are deleted one by one. That stops short of the last entry that the slowest
-- group was given: a hole there would keep the server from telling how far behind the group is.
--@include partition
--@include finished_entries
--@include entries
--@include needed_entries
--@include memory_limits
local LEAST, WINDOW, LEAST_WINDOW, WINDOW_BYTES = 100, 500, 20, 4 * 1024 * 1024
local MARGIN = 0.01 -- a percent of the limit more than the excess, so as not to be over again at once
local share, most_bytes, most, after = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
local excess, limit, used, exceeded = excess_over(share, most_bytes, tonumber(ARGV[5]))

local function bytes_per_entry()
  return math.max(stream_bytes() / math.max(redis.call('XLEN', events), 1), 1)
end

-- Of the entries in `page` with the `ids`, in order: what a group has been given and not finished, and what carries its
-- body.
local function needed_among(groups, page, ids)
  local needed = {}
  for _, info in ipairs(groups) do
    for _, row in ipairs(redis.call('XPENDING', events, info.name, ids[1], ids[#ids], #ids)) do
      needed[row[1]] = true
    end
  end
  for _, entry in ipairs(page) do
    local carrier = needed[entry[1]] and carrier_of(entry[1], entry_fields(entry[2]))
    if carrier then
      needed[carrier] = true
    end
  end
  return needed
end

local function last_given_to_all(groups)
  local last_ms, last_seq = math.huge, 0
  for _, info in ipairs(groups) do
    local id_ms, id_seq = split_id(info['last-delivered-id'])
    if is_earlier(id_ms, id_seq, last_ms, last_seq) then
      last_ms, last_seq = id_ms, id_seq
    end
  end
  return join_id(last_ms, last_seq)
end

-- Not exact: what a group other than the slowest has not finished counts as finished.
local function may_be_finished(groups)
  local most_unfinished = 0
  for _, info in ipairs(groups) do
    most_unfinished = math.max(most_unfinished, (info.lag or 0) + info.pending)
  end
  return redis.call('XLEN', events) - most_unfinished > #groups -- the last entries given stay
end

-- Deletes finished entries among the next `window` ones; returns how many, and where to look next.
local function delete_among(groups, window)
  local ids = {}
  local page = redis.call('XRANGE', events, '(' .. after, '(' .. last_given_to_all(groups), 'COUNT', window)
  page = whole_deliveries(page)
  for _, entry in ipairs(page) do
    ids[#ids + 1] = entry[1]
  end
  if #ids == 0 then
    return 0, ''
  end
  local needed, finished = needed_among(groups, page, ids), {}
  for _, id in ipairs(ids) do
    if not needed[id] then
      finished[#finished + 1] = id
    end
  end
  return #finished > 0 and redis.call('XDEL', events, unpack(finished)) or 0, ids[#ids]
end

-- Whole nodes at the front first, cheaply; then one by one.
local function remove(groups)
  local bytes = bytes_per_entry()
  local wanted = math.min(most, math.ceil((excess + MARGIN * exceeded) / bytes))
  if wanted >= LEAST then
    local first = first_needed(join_id(first_unfinished(groups)))
    local removed = remove_nodes_before(first, wanted)
    if removed > 0 then
      return removed, after
    end
  end
  if after == '' or not may_be_finished(groups) then
    return 0, ''
  end
  local window = math.min(math.max(wanted, LEAST), WINDOW, math.max(math.ceil(WINDOW_BYTES / bytes), LEAST_WINDOW))
  return delete_among(groups, window)
end

local groups, removed = registered_groups(), 0
if #groups == 0 then
  after = ''
elseif excess > 0 and most > 0 then
  removed, after = remove(groups)
end
local first = redis.call('XRANGE', events, '-', '+', 'COUNT', 1)[1]
return { math.max(excess, 0), limit, removed, first and split_id(first[1]) or 0, after, used }
