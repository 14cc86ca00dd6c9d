-- By how much a partition and its server are over their limits. Needs: partition.

-- What the server counts against its `maxmemory`, and what it may use: the least of that and of `our_limit` (each 0: no
-- such limit). 0 and 0 when this user may not ask.
local function server_memory(our_limit)
  local info = redis.pcall('INFO', 'memory')
  if type(info) ~= 'string' then
    return 0, 0
  end
  local used = tonumber(string.match(info, 'used_memory:(%d+)'))
  local uncounted = tonumber(string.match(info, 'mem_not_counted_for_evict:(%d+)') or 0)
  local limit = tonumber(string.match(info, 'maxmemory:(%d+)'))
  if our_limit > 0 and (limit == 0 or our_limit < limit) then
    limit = our_limit
  end
  return used - uncounted, limit
end

-- An estimate from a few of the stream's nodes; 0 when there is no stream, or this user may not ask.
local function stream_bytes()
  local bytes = redis.pcall('MEMORY', 'USAGE', events, 'SAMPLES', 5)
  return type(bytes) == 'number' and bytes or 0
end

-- Bytes over `share` of what the server may use, or over `most_bytes` of this stream (0: no such limit), whichever is
-- more; not above 0: within both. What the server may use, what it uses, and the limit that is exceeded most.
local function excess_over(share, most_bytes, our_limit)
  local used, limit = server_memory(our_limit)
  local excess, exceeded = limit > 0 and used - share * limit or -1, limit
  local of_stream = most_bytes > 0 and stream_bytes() - most_bytes or -1
  if of_stream > excess then
    excess, exceeded = of_stream, most_bytes
  end
  return math.ceil(excess), limit, used, exceeded
end
