#!lua
-- Keeps a signed but unreadable delivery for inspection.
--
-- KEYS  1 the partition's stream   2 the partition's quarantine stream
-- ARGV  1 source   2 dialect   3 reason   4 raw body, keys redacted   5 deliveries kept
--       6 native event name, '' when the body says it   7 1 when a key was taken out of what the body says, else 0
-- Result: the id it is kept under
--
-- Invariant kept: never more than the limit, oldest dropped first.
--@include partition
return redis.call('XADD', KEYS[2], 'MAXLEN', ARGV[5], '*', 'src', ARGV[1], 'dialect', ARGV[2], 'reason', ARGV[3],
  'at', ms(now), 'event', ARGV[6], 'cut', ARGV[7], 'body', ARGV[4])
