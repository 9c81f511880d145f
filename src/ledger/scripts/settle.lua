-- What attempts to revoke came to: one after the other, each as if it were alone.
-- ARGV: for each five: lease id, 'revoked' | 'expired' | 'waiting' | 'failed', then
--       revoked/expired: retention ms, 1 when the attempt began while the provider could still be minting, '';
--       waiting: until ms, since when a deny stands or '', ''; failed: fault, retry in ms, stuck (1 or 0)
-- RETURNS: for each the lease's text, or '' when it is not known or was over before, or '!' and why it failed
local function settle(id, is, first, second, third)
  local head, body = readLease(id)
  if not head or isOver(head) then return '' end
  if head.s == 'r' or head.s == 'a' then return leaseText(head, body) end
  local at = timeMs()
  local due = key('due:' .. head.p)

  if is == 'failed' then
    local stuck = third == '1'
    head.n = (head.n or 0) + 1
    head.l = first
    if stuck and head.s ~= 'k' then
      move(head, 'k')
      tally(head, 'stuck', 1)
    end
    local text = writeLease(id, head, body)
    redis.call('ZADD', due, at + tonumber(second), id)
    tellOfLease(id, body, {
      type = 'revocation.failed', fault = first, attempt = head.n, stuck = stuck, retryInMs = tonumber(second),
    })
    return text
  end

  if is == 'waiting' and second ~= '' and head.w ~= tonumber(second) then
    head.w = tonumber(second)
    writeLease(id, head, body)
    tellOfLease(id, body, { type = 'lease.denied', cause = head.c, lagMs = math.max(0, head.w - head.q) })
  end

  -- While the provider may still be minting, nothing is final, and nothing has expired before its end on this clock.
  local notBefore = is == 'waiting' and tonumber(first) or is == 'expired' and latestEnd(head) or head.m
  if notBefore and notBefore > at then
    redis.call('ZADD', due, notBefore, id)
    return leaseText(head, body)
  end
  -- Minting is over by now, but it was not when the attempt began: what was made in between is still to be taken back.
  if is == 'waiting' or is == 'revoked' and second == '1' then
    redis.call('ZADD', due, at, id)
    return leaseText(head, body)
  end

  if head.s == 'k' then tally(head, 'stuck', -1) end
  tally(head, is, 1)
  move(head, is == 'revoked' and 'd' or 'x', factsOf(body), id)
  -- Nobody knows when it was minted, if at all: for those that look at all leases of a roster, at the last moment.
  if head.k then head.e = latestEnd(head) end
  head.m, head.r = nil, nil
  head.z = at
  head.n = (head.n or 0) + 1
  local text = writeLease(id, head, body, math.max(tonumber(first), head.k or 0))
  redis.call('ZREM', due, id)
  redis.call('ZREM', key('open:' .. head.p), id)
  redis.call('ZADD', key('ended'), at, id)
  tellOfLease(id, body, {
    type = 'lease.' .. is, cause = head.c, effect = effects[head.f], attempts = head.n, lagMs = at - head.q,
  })
  return text
end

return eachOf(1, 5, settle)
