-- Where a run has come to in this partition, and what became of what it has passed. Needs: partition.
--
-- The place is an id of the stream that the run goes through; everything up to it is dealt with. It is moved on in the
-- step that deals with a thing, and only by who knows it. So nothing is done twice, whoever carries the run out, and
-- wherever he dies. Without a run ('') there is no place, and nothing is written.
local PLACE, COUNT, LIFE_SECONDS = 'place', 'count:', 2592000

local function place_key(run)
  return base .. 'run:' .. run
end

local function is_at(run, place)
  return run == '' or redis.call('HGET', place_key(run), PLACE) == place
end

-- Before a thing is dealt with: should that fail, it is passed over rather than done twice.
local function move_to(run, place)
  if run ~= '' then
    redis.call('HSET', place_key(run), PLACE, place)
  end
end

local function count_outcome(run, outcome, how_many)
  if run ~= '' and how_many > 0 then
    redis.call('HINCRBY', place_key(run), COUNT .. outcome, how_many)
  end
end

-- Remembers an entry of an event; false when it has remembered one before.
local function is_first(run, event_id)
  local seen = place_key(run) .. ':copies'
  local new = redis.call('SADD', seen, event_id) == 1
  redis.call('EXPIRE', seen, LIFE_SECONDS)
  return new
end

local function end_batch(run, place)
  if run ~= '' then
    move_to(run, place)
    redis.call('EXPIRE', place_key(run), LIFE_SECONDS)
  end
end
