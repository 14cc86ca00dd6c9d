#!lua flags=no-writes
-- Tells the server's time: the shortest question there is, and the clock by which ages are counted.
--
-- KEYS  1 any key: it says which server of a cluster is asked
-- Result: Unix ms
local time = redis.call('TIME')
return time[1] * 1000 + math.floor(time[2] / 1000)
