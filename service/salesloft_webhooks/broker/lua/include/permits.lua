-- Who may have begun how much of a limited group: its claims, in partition 0. Needs: group.
--
-- A hash has '<number> <count> <since> <patient> <until> <turn>' by claimant: the number of its latest call, how many attempts
-- it may have begun and not ended, since when it waits for a permit (0: it does not), until when that is remembered, until when
-- a permit is kept for it, and when its turn began. Beside them stand the sum of the counts; the bucket, which is when it will
-- be full again, ms of the group's clock, with its marks (include/rate_bucket.lua); when several permits were given at once, and
-- when some came back with which nothing was begun. Two sorted sets have the claimants by
-- the end of their claims, and those that wait by since when: so no call has to read all claims.
--
-- The keys outlive any outage that claims do: a key that ends by itself would forget who runs what, and claims have an end.
local permits = { claims = group_base .. ':limits:permits', ends = group_base .. ':limits:ends',
  waiting = group_base .. ':limits:waiting', total = '/total', bucket = '/bucket', marks = '/marks',
  several = '/several', came_back = '/came_back', kept_ms = '604800000', at_once = 500 }

function permits.read(claimant)
  local number, count, since, patient, kept_until, turn =
    string.match(redis.call('HGET', permits.claims, claimant) or '', '^(%d+) (%d+) (%d+) (%d+) (%d+) (%d+)$')
  return { number = tonumber(number or 0), count = tonumber(count or 0), since = tonumber(since or 0),
    patient = tonumber(patient or 0), kept_until = tonumber(kept_until or 0), turn = tonumber(turn or 0) }
end

local function count_more(number)
  if number ~= 0 then
    redis.call('HINCRBY', permits.claims, permits.total, ms(number))
  end
end

-- Writes a claim that counted `before` until now.
function permits.write(claimant, claim, before, ends)
  redis.call('HSET', permits.claims, claimant,
    table.concat({ ms(claim.number), ms(claim.count), ms(claim.since), ms(claim.patient), ms(claim.kept_until),
      ms(claim.turn) }, ' '))
  count_more(claim.count - before)
  redis.call('ZADD', permits.ends, ms(ends), claimant)
  if claim.since > 0 then
    redis.call('ZADD', permits.waiting, ms(claim.since), claimant)
  else
    redis.call('ZREM', permits.waiting, claimant)
  end
  redis.call('PEXPIRE', permits.claims, permits.kept_ms)
  redis.call('PEXPIRE', permits.ends, permits.kept_ms)
  redis.call('PEXPIRE', permits.waiting, permits.kept_ms)
end

-- Ends the claims of those that have not been heard of for a lease.
function permits.end_lapsed()
  for _, claimant in ipairs(redis.call('ZRANGEBYSCORE', permits.ends, '-inf', ms(now), 'LIMIT', 0, permits.at_once)) do
    count_more(-permits.read(claimant).count)
    redis.call('HDEL', permits.claims, claimant)
    redis.call('ZREM', permits.ends, claimant)
    redis.call('ZREM', permits.waiting, claimant)
  end
end
