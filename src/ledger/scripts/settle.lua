-- What an attempt to revoke came to.
-- ARGV: lease id, 'revoked' | 'expired' | 'waiting' | 'failed', then
--       revoked/expired: retention ms, and 1 when the attempt began while the provider could still be minting;
--       waiting: until ms, and since when a deny stands or ''; failed: fault, retry in ms, stuck (1 or 0)
-- RETURNS: the lease's text, or false when it is not known or was over before
local id, is = ARGV[1], ARGV[2]
local head, body = readLease(id)
if not head then return false end
if isOver(head) then return false end
if head.s == 'r' or head.s == 'a' then return leaseText(head, body) end
local at = timeMs()
local due = key('due:' .. head.p)

if is == 'failed' then
  local stuck = ARGV[5] == '1'
  head.n = (head.n or 0) + 1
  head.l = ARGV[3]
  if stuck and head.s ~= 'k' then move(head, 'k') end
  writeLease(id, head, body)
  redis.call('ZADD', due, at + tonumber(ARGV[4]), id)
  tellOfLease(id, body, {
    type = 'revocation.failed', fault = ARGV[3], attempt = head.n, stuck = stuck, retryInMs = tonumber(ARGV[4]),
  })
  return leaseText(head, body)
end

if is == 'waiting' and ARGV[4] ~= '' and head.w ~= tonumber(ARGV[4]) then
  head.w = tonumber(ARGV[4])
  writeLease(id, head, body)
  tellOfLease(id, body, { type = 'lease.denied', cause = head.c, lagMs = math.max(0, head.w - head.q) })
end

-- While the provider may still be minting, nothing is final, and nothing has expired before its end on this clock.
local notBefore = is == 'waiting' and tonumber(ARGV[3]) or is == 'expired' and latestEnd(head) or head.m
if notBefore and notBefore > at then
  redis.call('ZADD', due, notBefore, id)
  return leaseText(head, body)
end
-- Minting is over by now, but it was not when the attempt began: what was made in between is still to be taken back.
if is == 'waiting' or is == 'revoked' and ARGV[4] == '1' then
  redis.call('ZADD', due, at, id)
  return leaseText(head, body)
end

move(head, is == 'revoked' and 'd' or 'x')
head.m = nil
head.r = nil
head.z = at
head.n = (head.n or 0) + 1
writeLease(id, head, body)
redis.call('PEXPIRE', key(id), ARGV[3])
redis.call('ZREM', due, id)
redis.call('ZREM', key('open:' .. head.p), id)
redis.call('ZADD', key('ended'), at, id)
tellOfLease(id, body, {
  type = 'lease.' .. is, cause = head.c, effect = effects[head.f], attempts = head.n, lagMs = at - head.q,
})
return leaseText(head, body)
