-- Lets people be given records outside that are nobody's, one person for each record at a time.
--
-- KEYS  1 the partition's stream   2 ... the records: string, the person who is being given it
-- ARGV  1 ms that it lasts   2 ... the person of each record
-- Result: for each record 1 if it may be given to its person from now on for that time, 0 if another is being given it
--
-- Invariants kept: a record has one person at a time; the same person may ask again, and has the whole time anew; every
-- key has an end.
--@include partition
local answers = {}
for at = 2, #KEYS do
  local holder = redis.call('GET', KEYS[at])
  local free = not holder or holder == ARGV[at]
  if free then
    redis.call('SET', KEYS[at], ARGV[at], 'PX', ARGV[1])
  end
  answers[at - 1] = free and 1 or 0
end
return answers
