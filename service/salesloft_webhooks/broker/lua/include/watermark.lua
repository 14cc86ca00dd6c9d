-- Shared by the scripts that publish: watermarks, and a fence around each event.

local function mark_of(subject)
  return base .. 'mark:' .. subject
end

-- The highest level seen. Looking renews the mark's life: it ends a TTL after it was seen last, not first.
local function seen_level(subject, name, ttl)
  local level = tonumber(redis.call('HGET', mark_of(subject), name) or 0)
  redis.call('EXPIRE', mark_of(subject), ttl)
  return level
end

local function raise_level(subject, name, level, ttl)
  redis.call('HSET', mark_of(subject), name, level)
  redis.call('EXPIRE', mark_of(subject), ttl)
end

-- What `step(at)` returns, or 'refused ' and the server's words: a key of the wrong type fails one event, not the batch.
local function guarded(step, at)
  local fine, result = pcall(step, at)
  if fine then
    return result
  end
  return 'refused ' .. tostring(type(result) == 'table' and result.err or result)
end
