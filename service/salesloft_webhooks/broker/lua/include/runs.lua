-- Shared by the scripts of runs. KEYS[1] is the list of them, '<prefix>:{runs}': a zset of ids by the server's ms when they
-- were begun; every other key is named from it, and stands in the same slot.
local list, unfinished, lease = KEYS[1], KEYS[1] .. ':unfinished', KEYS[1] .. ':lease'
-- Refused, before anything is done, while the slot moves to another server: see include/partition.lua.
redis.call('EXISTS', list .. ':nowhere:1', list .. ':nowhere:2')
local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))

local function run_of(id)
  return list .. ':' .. id
end

-- Writes fields of a run, given from ARGV[from] on, and when it changed.
local function write_fields(id, from)
  redis.call('HSET', run_of(id), 'changed', now)
  for at = from, #ARGV, 2 do
    redis.call('HSET', run_of(id), ARGV[at], ARGV[at + 1])
  end
end
