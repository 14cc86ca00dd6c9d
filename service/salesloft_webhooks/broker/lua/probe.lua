#!lua
-- Finds out whether the server would take what `publish` writes. Nothing of it stays.
--
-- KEYS  1 the partition's stream
-- ARGV  1 1: write a small key and remove it, which replicas and the disk have to follow; 0: write nothing
--       2.. pairs of a command and one of the names of keys that it is used on by `publish`
-- Result: 1, or an error in the server's own words
--
-- Having no flag, it is refused like `publish` itself: out of memory, on a replica, without enough replicas, while the
-- disk cannot be written. What the user may do is asked command by command, where the server can tell. A command is sent
-- only when it will be refused anyway, for the words of the refusal: with one argument more each time, because what is
-- wrong with their number is said first. Every argument is the key, for some commands take several of them.
--@include partition

local function refusal_of(command, key)
  local arguments = {}
  for at = 1, 4 do
    arguments[at] = key
    local reply = redis.pcall(command, key, unpack(arguments))
    if type(reply) == 'table' and reply.err and string.find(reply.err, 'NOPERM', 1, true) then
      return reply
    end
  end
  return redis.error_reply('NOPERM this user may not run ' .. command .. ' on the keys of this installation')
end

for at = 2, #ARGV, 2 do
  if redis.acl_check_cmd and not redis.acl_check_cmd(ARGV[at], ARGV[at + 1], ARGV[at + 1], ARGV[at + 1], ARGV[at + 1]) then
    return refusal_of(ARGV[at], ARGV[at + 1])
  end
end
if ARGV[1] == '1' then
  redis.call('HSET', base .. 'probe', 'at', ms(now))
  redis.call('EXPIRE', base .. 'probe', 0)
end
return 1
