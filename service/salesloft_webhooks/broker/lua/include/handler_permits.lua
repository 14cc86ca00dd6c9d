-- The limits of handlers, in partition 0: of each value of a handler's key, or of the handler where it has none, by the digest
-- of that. Needs: group, limits.
--
-- A sorted set has the permits that are in use, by when they end, and BUCKET, by when that will be full again: what is over
-- leaves from the front. Another one has the events that wait, by when each is expected to ask again. Both end by themselves,
-- and so do two strings: ':turn' by digest, the event that keeps a place there and since when it waits ('<ms> <event>'), and
-- ':since' by event, since when it waits.
-- A hash of the group has what people, declarations and authors say of its handlers, and how long a call of each holds its permit.
local handler_permits = { said = group_base .. ':limit', bucket = '/bucket', kept_ms = 86400000, patience_ms = 5000,
  longest_ms = 60000, waiting_ms = '120000', shortest_step_ms = 5, longest_step_ms = 1000, usual_ms = 20 }

function handler_permits.key(digest)
  return group_base .. ':limit:' .. digest
end

-- What limits a handler: how many may run, the ms between two that begin, how many may begin at once; how long a call takes (nil:
-- nobody knows), and how many times longer than that it is until the next one begins.
-- What is said by hand comes first, then what is declared, then what its author wrote: for each of the two by itself.
function handler_permits.read(handler, written)
  local found = redis.call('HMGET', handler_permits.said, 'hand ' .. handler, 'declared ' .. handler, 'pace ' .. handler,
    'slow ' .. handler)
  local several = { found[1] or '', found[2] or '', written }
  local words = limits.first(several, limits.running_word) .. ' ' .. limits.first(several, limits.rate_word)
  local most, interval, burst = limits.read('0 ' .. words)
  return most, interval, burst, tonumber(found[3]), tonumber(found[4]) or 1
end

-- Removes what is over; how many permits are in use, and when the bucket is full.
function handler_permits.look(key, reporting_until)
  if now >= reporting_until then
    redis.call('ZREMRANGEBYSCORE', key, '-inf', ms(now))
  end
  local full_at = tonumber(redis.call('ZSCORE', key, handler_permits.bucket))
  return redis.call('ZCARD', key) - (full_at and 1 or 0), math.max(full_at or now, now)
end

-- Writes down that a call runs, until then and no longer; 1 when that was not known.
function handler_permits.keep(key, id, lease)
  local added = redis.call('ZADD', key, ms(now + lease), id)
  local full_at = tonumber(redis.call('ZSCORE', key, handler_permits.bucket)) or now
  redis.call('PEXPIRE', key, ms(math.max(handler_permits.kept_ms + lease, full_at - now)))
  return added
end

function handler_permits.fill_until(key, full_at)
  redis.call('ZADD', key, string.format('%.17g', full_at), handler_permits.bucket)
end

-- Takes back a permit of which the call has ended, after `held` ms. One that nothing was begun with (-1 - ms since it was given)
-- refills the bucket, but for what that has been refilled with since: it may have been full meanwhile.
function handler_permits.take_back(digest, id, handler, written, held)
  local key = handler_permits.key(digest)
  if redis.call('ZREM', key, id) == 0 then
    return
  end
  local _, interval, _, pace = handler_permits.read(handler, written)
  local full_at = tonumber(redis.call('ZSCORE', key, handler_permits.bucket))
  if held < 0 and interval and full_at then
    full_at = full_at - math.max(0, interval + 1 + held)
    handler_permits.fill_until(key, full_at)
  elseif held >= 0 then
    redis.call('HSET', handler_permits.said, 'pace ' .. handler, ms(pace and pace + (held - pace) / 8 or held))
  end
  if full_at and redis.call('ZCARD', key) == 1 then
    redis.call('PEXPIRE', key, ms(math.max(1, full_at - now)))
  end
end
