#!lua flags=allow-oom
-- Writes down that somebody is erased: from now on nothing of theirs comes into this partition from an archive.
--
-- KEYS  1 the partition's stream
-- ARGV  1 entity key
-- Result: 'noted'
-- allow-oom: an erasure makes room.
--@include partition
--@include erased_people
redis.call('HSET', erased_people, ARGV[1], ms(now))
return 'noted'
