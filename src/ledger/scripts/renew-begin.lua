-- A renewal begins. In one step with the fence of the task (I4) and against the claim of what is due: of a renewal and
-- an expiry in the same instant, the first of the two scripts wins, and the other finds it so.
--
-- Before the provider is asked (I2) the record knows how late the credential may live by it (g), and until when the
-- provider may still be at work on it (m). The end of the lease (e) and its place in the due index stay: if the broker
-- dies now, the lease is taken back at the end that everybody knows, that revocation is not final while the provider may
-- still lengthen anything, and no failure to revoke is taken for "expired" before the end that the provider may have
-- given. So whatever the provider did, nothing runs past a recorded end.
--
-- ARGV: lease id, agent, renewal id, asked ms, 1 when it was asked to be so short, limit ms, least ms, timeout ms, event,
--       idempotency key or '', digest, its ttl ms, an event that must be there or '',
--       the count of the tool chain that was decided on or ''
-- RETURNS: {'ok', now, end} | {'same'}, when there is nothing to do | {'moved', count, chain, time}
--          | {'blocked', by what} | {fault code}
mustHaveLog()
if ARGV[13] ~= '' and #redis.call('XRANGE', KEYS[1], ARGV[13], ARGV[13]) == 0 then return { 'state.rolled_back' } end
local id, agent = ARGV[1], ARGV[2]
local head, body = readLease(id)
if not head or agentOf(body) ~= agent then return { 'lease.unknown' } end
local at = timeMs()

local idem, promised = ARGV[10] ~= '' and key('idem:' .. ARGV[10]), nil
if idem then
  local seen = redis.call('HMGET', idem, 'digest', 'renewal', 'end', 'done')
  if seen[1] and seen[1] ~= ARGV[11] then return { 'idempotency.reused' } end
  if seen[4] == 'extended' then return { 'same' } end
  if seen[2] and head.r and head.r.i == seen[2] and (head.m or 0) > at then return { 'idempotency.in_flight' } end
  -- Its secret was lost on the way: another, for as long as the first was promised.
  promised = seen[4] == 'replaced' and tonumber(seen[3]) or nil
end

local task = redis.call('HMGET', key(taskOf(id)), 's', 'd', 'q')
if task[1] ~= 'o' or tonumber(task[2]) <= at then return { 'task.ended' } end
local chain = chainKey(taskOf(id), task[3])
if ARGV[14] ~= '' and (redis.call('HGET', chain, 'n') or '0') ~= ARGV[14] then return movedFrom(chain, taskOf(id)) end
if head.s ~= 'a' or head.e <= at then return { 'lease.not_active' } end
local block = blockOf(agent, head.p, factsOf(body).c or '', taskOf(id))
if block then return { 'blocked', block } end
if head.r and (head.m or 0) > at then return { 'lease.renewing' } end

local limit = math.min(tonumber(ARGV[6]), head.y, tonumber(task[2]))
local wanted = promised or at + tonumber(ARGV[4])
if not promised then
  -- Less than a second is nothing: ends are counted in whole seconds from now.
  if wanted > head.e and limit - head.e < 1000 then return { 'lease.at_ceiling' } end
  if wanted <= head.e and ARGV[5] ~= '1' then return { 'same' } end
end
local lifeMs = math.floor((math.min(wanted, limit) - at) / 1000) * 1000
if lifeMs < tonumber(ARGV[7]) then return { 'ttl.below_floor' } end

local endsAt, timeoutMs = at + lifeMs, tonumber(ARGV[8])
head.r = { i = ARGV[3], e = endsAt, g = head.g }
head.g = math.max(latestEnd(head), endsAt + timeoutMs)
head.m = at + timeoutMs
writeLease(id, head, body)
if idem then
  redis.call('HSET', idem, 'digest', ARGV[11], 'id', id, 'renewal', ARGV[3], 'end', endsAt)
  redis.call('PEXPIRE', idem, ARGV[12])
end
tell(ARGV[9])
return { 'ok', at, endsAt }
