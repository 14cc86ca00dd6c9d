-- Makes the store what it was when `save` looked at it, at a moment of the model's clock.
-- ARGV  1 what `save` has packed   2 the moment: seconds   3 and microseconds
local FOR_EVER, FOR_DAYS = 0, 1
local known = redis.call('KEYS', '*')
if #known > 0 then
  redis.call('DEL', unpack(known))
end
local now = ARGV[2] * 1000
for _, row in ipairs(cmsgpack.unpack(ARGV[1])) do
  local left = row[2] - now
  if row[2] == FOR_EVER or row[2] == FOR_DAYS then
    redis.call('RESTORE', row[1], row[2] == FOR_EVER and 0 or 7 * 86400000, row[3])
  elseif left > 0 then
    redis.call('RESTORE', row[1], left, row[3])
  end
end
redis.call('MSET', 'model:seconds', ARGV[2], 'model:micros', ARGV[3])
