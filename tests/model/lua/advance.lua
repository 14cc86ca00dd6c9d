-- The model's clock goes on, and what ends meanwhile is gone.
-- ARGV  1 seconds that pass
for _, key in ipairs(redis.call('KEYS', 'sl:*')) do
  local left = redis.call('PTTL', key)
  if left > 0 and left < 86400000 then
    if left - ARGV[1] * 1000 < 50000 then
      redis.call('DEL', key)
    else
      redis.call('PEXPIRE', key, left - ARGV[1] * 1000)
    end
  end
end
redis.call('INCRBY', 'model:seconds', ARGV[1])
