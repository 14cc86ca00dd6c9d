-- The rate of a limited group: a bucket of permits, as the time at which it will be full again (GCRA), ms of the group's clock.
-- Needs: group, permits.
--
-- A permit with which nothing was begun comes back, and the bucket is then as if it had never been given: no fuller, or a
-- burst could begin twice. What would have run over meanwhile is gone, and how much that is depends on how near to full the
-- bucket has been since. So each grant has a number, and beside the bucket stand low marks: how far from full it was right
-- before a later grant, which is when it is nearest. Of two marks the later one counts for whatever was given before both,
-- unless it is higher; so few are needed. As text: '<number of the latest grant> <bucket> <number>:<ms> <number>:<ms> ...'.
local rate_bucket = { most_marks = 16 }

local function parse_marks(text)
  local marks = {}
  for number, far in string.gmatch(text, ' (%d+):(%S+)') do
    marks[#marks + 1] = { number = tonumber(number), far = tonumber(far) }
  end
  return marks
end

-- The bucket of a group that may begin one in each interval, ms, and a burst at once.
function rate_bucket.read(interval, burst)
  local known = redis.call('HMGET', permits.claims, permits.bucket, permits.marks, permits.several, permits.came_back)
  local written = known[1] or ''
  local latest, left, rest = string.match(known[2] or '', '^(%d+) (%S+)(.*)$')
  local found = { interval = interval, burst = burst, latest = tonumber(latest or 0), marks = parse_marks(rest or ''),
    full_at = math.max(now, math.min(tonumber(written) or now, now + burst * interval)),
    several_at = tonumber(known[3] or 0), came_back_at = tonumber(known[4] or 0) }
  if left ~= written then
    -- Nothing stands there yet, or a worker of a version without marks has given some: nothing of before comes back.
    found.latest = math.max(found.latest + 1, now)
    found.marks = { { number = found.latest, far = 0 } }
  end
  return found
end

function rate_bucket.tokens(bucket)
  return math.floor(bucket.burst - (bucket.full_at - now) / bucket.interval + 0.000001)
end

-- Takes back what nothing was begun with: '<number of its grant>:<count> ...'.
function rate_bucket.take_back(bucket, unused)
  for number, count in string.gmatch(unused, '([1-9]%d*):(%d+)') do
    number = tonumber(number)
    local back = number > bucket.latest and 0 or math.min(tonumber(count) * bucket.interval, bucket.full_at - now)
    for _, mark in ipairs(bucket.marks) do
      back = mark.number > number and math.min(back, mark.far) or back
    end
    if back > 0 then
      bucket.full_at, bucket.came_back_at = bucket.full_at - back, now
      for _, mark in ipairs(bucket.marks) do
        mark.far = mark.number > number and mark.far - back or mark.far
      end
    end
  end
end

-- Gives so many, and the grant its number: by the clock, so that no number of before is used again by a store that has
-- forgotten them.
function rate_bucket.give(bucket, count)
  local marks, far = bucket.marks, bucket.full_at - now
  bucket.latest = math.max(bucket.latest + 1, now)
  while #marks > 0 and marks[#marks].far >= far do
    table.remove(marks)
  end
  marks[#marks + 1] = { number = bucket.latest, far = far }
  if #marks > rate_bucket.most_marks then
    marks[2].far = math.min(marks[1].far, marks[2].far)
    table.remove(marks, 1)
  end
  bucket.full_at = bucket.full_at + count * bucket.interval
end

function rate_bucket.write(bucket)
  local full_at = string.format('%.3f', bucket.full_at)
  local words = { ms(bucket.latest), full_at }
  for _, mark in ipairs(bucket.marks) do
    words[#words + 1] = ms(mark.number) .. ':' .. string.format('%.3f', mark.far)
  end
  redis.call('HSET', permits.claims, permits.bucket, full_at, permits.marks, table.concat(words, ' '),
    permits.several, ms(bucket.several_at), permits.came_back, ms(bucket.came_back_at))
end
