#!lua
-- Keeps a signed but unreadable delivery for inspection.
--
-- KEYS  1 the partition's stream   2 the partition's quarantine stream
-- ARGV  1 source   2 dialect   3 reason   4 raw body, keys redacted   5 deliveries kept
--       6 native event name, '' when the body says it
-- Result: the id it is kept under
--
-- Invariant kept: never more than the limit, oldest dropped first.
--@include partition
return redis.call('XADD', KEYS[2], 'MAXLEN', ARGV[5], '*', 'src', ARGV[1], 'dialect', ARGV[2], 'reason', ARGV[3],
  'at', ms(now), 'event', ARGV[6], 'body', ARGV[4])
