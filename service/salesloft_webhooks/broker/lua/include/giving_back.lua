-- An attempt that has come back gives its entry back. Needs: group, handover, and in `changed` what this call has changed.

-- Back to nobody, to be looked at again after `delay`; the delivery count says how many attempts have counted.
local function put_back(id, lane, counted, delay, apart)
  redis.call('XCLAIM', events, group, NOBODY, 0, id, 'RETRYCOUNT', counted, 'JUSTID')
  if apart then
    redis.call('ZREM', due, member_of(id, lane))
    redis.call('ZADD', isolated, ms(now + delay), member_of(id, lane))
  else
    make_due(id, lane, now + delay)
  end
  changed[id] = { owner = NOBODY, delivered = counted }
end

-- Handed back unharmed: that is no failure, and no sign of a deadly event either. What has not begun ('held_up') is no sign
-- of anything: who has lost several leases in a row has done so still, and waits apart.
local function release(id, lane, attempt, delay, reason)
  local uncounted, row, at = losses_of(id)
  local begun = reason ~= 'held_up'
  if row > 0 and begun then
    write_losses(id, uncounted, 0, at)
  end
  put_back(id, lane, attempt - 1, delay, not begun and row >= LOSSES_BEFORE_ISOLATION and at == attempt - 1)
end
