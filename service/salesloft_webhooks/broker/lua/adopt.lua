-- Lets people be given records outside that are nobody's, one person for each record at a time.
--
-- KEYS  1 the partition's stream   2 ... the records: string, when it ends (server ms), the person who is being given it,
--       and `!` when another waits
-- ARGV  1 ms that it lasts   2 ... the person of each record
-- Result: for each record for how many ms more it may be given to its person; 0: another is being given it
--
-- Invariants kept: a record has one person at a time; the same person may ask again and has the whole time anew, unless
-- another waits: then it ends, and for TURN_MS afterwards it is anybody's but theirs. So whoever waits does so no longer
-- than a claim lasts, however often the other one tries. Every key has an end.
--@include partition
local TURN_MS = 30000 -- several times what whoever waits is away (`adopting.WAIT_SECONDS`)

local function ask(key, person)
  local ends, holder, waited = string.match(redis.call('GET', key) or '', '^(%d+) (%S+)( ?!?)')
  local left = ends and tonumber(ends) - now or 0
  local theirs = holder == person
  if ends and left <= 0 and theirs then
    return 0
  elseif ends and left > 0 and not theirs then
    redis.call('SET', key, ends .. ' ' .. holder .. ' !', 'PX', ms(left + TURN_MS))
    return 0
  elseif ends and left > 0 and waited == ' !' then
    return left
  end
  redis.call('SET', key, ms(now + ARGV[1]) .. ' ' .. person, 'PX', ARGV[1])
  return tonumber(ARGV[1])
end

local answers = {}
for at = 2, #KEYS do
  answers[at - 1] = ask(KEYS[at], ARGV[at])
end
return answers
