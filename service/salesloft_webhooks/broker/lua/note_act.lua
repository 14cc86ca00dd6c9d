#!lua flags=allow-oom
-- Writes down what somebody did in the console: also on a full server, where redrives and erasures are done all the same.
--
-- KEYS  1 the audit
-- ARGV  1 how many entries are kept, or a few more   then names and values of the fields
-- Result: the entry's id
return redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', unpack(ARGV, 2))
