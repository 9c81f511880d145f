-- A renewal is over at the provider. Only the renewal under way of an active lease of an open task moves its end;
-- otherwise what the provider did is taken back with the lease, and nothing may be handed over (I4).
-- ARGV: lease id, renewal id, provider's end ms, 1 when it made a new secret, idempotency key or ''
-- RETURNS: {'ok', the lease's text} | {fault code}
local id, said = ARGV[1], tonumber(ARGV[3])
local head, body = readLease(id)
if not head or head.s == 'r' then return { 'lease.not_active' } end
local at = timeMs()
local renewal = head.r and head.r.i == ARGV[2] and head.r
local task = redis.call('HMGET', key(taskOf(id)), 's', 'd')
local open = task[1] == 'o' and tonumber(task[2]) > at
local block = blockOf(agentOf(body), head.p, factsOf(body).c or '', taskOf(id))

local begins = renewal and head.s == 'a' and open and not block and math.min(renewal.e, said) > at
isEnding = not begins
if begins then
  mustHaveLog()
  local before = head.e
  -- A secret that it replaced lives on to its own end.
  setEnd(head, renewal.e, said, math.max(before, renewal.g or 0))
  head.m, head.r = nil, nil
  head.x = at
  head.j = (head.j or 0) + 1
  writeLease(id, head, body)
  redis.call('ZADD', key('due:' .. head.p), head.e, id)
  if ARGV[5] ~= '' and redis.call('EXISTS', key('idem:' .. ARGV[5])) == 1 then
    redis.call('HSET', key('idem:' .. ARGV[5]), 'done', ARGV[4] == '1' and 'replaced' or 'extended')
  end
  tellOfLease(id, body, {
    type = 'lease.renewed', expiredAt = before, expiresAt = head.e, renewals = head.j, secret = ARGV[4] == '1',
  })
  return { 'ok', leaseText(head, body) }
end

if isOver(head) then return { open and 'lease.not_active' or 'task.ended' } end
head.g = math.max(latestEnd(head), said)
if renewal then head.m, head.r = nil, nil end
writeLease(id, head, body)
if head.s ~= 'a' or not open or block then
  beginRevoking(id, head, body, block and 'kill_switch' or 'task_end', 'broker', at, at)
end
if not open then return { 'task.ended' } end
if block then return { 'blocked', block } end
if head.s ~= 'a' then return { 'lease.not_active' } end
return { renewal and 'provider.timeout' or 'lease.renewing' }
