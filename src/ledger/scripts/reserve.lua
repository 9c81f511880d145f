-- Reservation and fence are one decision (I4); the lease is durable, with its handle and its end, before anything
-- is minted (I2).
-- ARGV: lease id, task id, agent, provider, body JSON, ttl ms, mint timeout ms, effect, event,
--       idempotency key or '', digest, its ttl ms, ceiling ms
-- RETURNS: {'ok', now, expiresAt, mintUntil} | {fault code} | {'taken'}
local id, task, agent, provider = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local facts = redis.call('HMGET', key(task), 's', 'd', 'a', 'm')
if not facts[1] or facts[3] ~= agent then return { 'task.unknown' } end
local at = timeMs()
if facts[1] ~= 'o' or tonumber(facts[2]) <= at then return { 'task.ended' } end
if redis.call('EXISTS', key(id)) == 1 then return { 'taken' } end

local idem = ARGV[10] ~= '' and key('idem:' .. ARGV[10])
if idem then
  local seen = redis.call('HMGET', idem, 'digest', 'id')
  if seen[1] and seen[1] ~= ARGV[11] then return { 'idempotency.reused' } end
  if seen[2] then
    local head, body = readLease(seen[2])
    if head and head.s == 'r' and head.m and at < head.m then return { 'idempotency.in_flight' } end
    if head then beginRevoking(seen[2], head, body, 'superseded', agent, at, at) end
  end
  redis.call('HSET', idem, 'digest', ARGV[11], 'id', id)
  redis.call('PEXPIRE', idem, ARGV[12])
end

local expiresAt, mintUntil = at + tonumber(ARGV[6]), at + tonumber(ARGV[7])
local head = { p = provider, o = at, e = expiresAt, m = mintUntil, f = ARGV[8], y = at + tonumber(ARGV[13]) }
move(head, 'r')
redis.call('SET', key(id), leaseText(head, ARGV[5]))
redis.call('HSET', key(task), 'm', facts[4] .. string.sub(id, 13))
redis.call('ZADD', key('due:' .. provider), math.min(expiresAt, mintUntil), id)
redis.call('SADD', key('providers'), provider)
tell(ARGV[9], task, agent)
return { 'ok', at, expiresAt, mintUntil }
