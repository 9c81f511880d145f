-- A question to a person; the same request is one question (APR-05).
-- ARGV: approval id, requester, task or '', digest, body JSON, pending ms, cap, event, persons, keep ms,
--       the most questions of one requester within so many ms, idempotency key or '', digest, its ttl ms,
--       provider and entry, or '' for each, issuer and owner of the requester
-- RETURNS: {'opened', now, expiresAt} | {'same', id} | {'denied', id, ms left} | {'limit', ms left} | {'rate', ms left}
--          | {'task.ended'} | {'idempotency.reused'} | {'blocked', by what}
mustHaveLog()
local id, agent, task, ask = ARGV[1], ARGV[2], ARGV[3], key('ask:' .. ARGV[4])
local at = timeMs()
local pendingMs = tonumber(ARGV[6])
if task ~= '' then
  local facts = redis.call('HMGET', key(task), 's', 'd')
  if facts[1] ~= 'o' or tonumber(facts[2]) <= at then return { 'task.ended' } end
  pendingMs = math.min(pendingMs, tonumber(facts[2]) - at)
end
-- Nobody is asked for an agent that was stopped: what was approved meanwhile would be used when the block is lifted.
local block = blockOf(agent, ARGV[16], ARGV[17], task ~= '' and task or nil, { agent = agent, issuer = ARGV[18], owner = ARGV[19] })
if block then return { 'blocked', block } end
local idem = ARGV[13] ~= '' and key('idem:' .. ARGV[13])
local digest = idem and redis.call('HGET', idem, 'digest')
if digest and digest ~= ARGV[14] then return { 'idempotency.reused' } end
-- What the key is answered with from now on.
local function answerWith(approval)
  if not idem then return end
  redis.call('HSET', idem, 'digest', ARGV[14], 'id', approval)
  redis.call('PEXPIRE', idem, ARGV[15])
end
local function same(approval)
  answerWith(approval)
  return { 'same', approval }
end
local before = redis.call('GET', ask)
if before then
  local facts = redis.call('HMGET', key(before), 's', 't', 'u')
  if facts[1] == 'p' and tonumber(facts[2]) > at then return same(before) end
  if facts[1] == 'a' and tonumber(facts[3]) > at then return same(before) end
  if facts[1] == 'd' then return { 'denied', before, redis.call('PTTL', ask) } end
end
local waiting = key('pending-approvals:' .. agent)
redis.call('ZREMRANGEBYSCORE', waiting, '-inf', at)
if redis.call('ZCARD', waiting) >= tonumber(ARGV[7]) then
  local first = redis.call('ZRANGE', waiting, 0, 0, 'WITHSCORES')
  return { 'limit', first[2] and tonumber(first[2]) - at or 1000 }
end
-- A token bucket, kept as the moment when it is full again. What is cancelled was asked all the same.
local rate, withinMs = key('rate:ask:' .. agent), tonumber(ARGV[12])
local fullAt = math.max(at, tonumber(redis.call('GET', rate) or '0')) + withinMs / tonumber(ARGV[11])
local waitMs = fullAt - at - withinMs
if waitMs >= 1 then return { 'rate', math.ceil(waitMs) } end
redis.call('SET', rate, string.format('%.3f', fullAt), 'PX', math.ceil(fullAt - at))
local expiresAt, keepMs = at + pendingMs, tonumber(ARGV[10])
redis.call('HSET', key(id), 's', 'p', 'a', agent, 'k', task, 'g', ARGV[4], 'b', ARGV[5], 'o', at, 't', expiresAt,
  'n', ARGV[9], 'd', '[]')
redis.call('PEXPIREAT', key(id), expiresAt + keepMs)
redis.call('SET', ask, id, 'PX', pendingMs)
redis.call('ZADD', waiting, expiresAt, id)
redis.call('PEXPIREAT', waiting, math.max(expiresAt, redis.call('PEXPIRETIME', waiting)))
redis.call('ZADD', key('pending-approvals'), expiresAt, id)
if task ~= '' then
  redis.call('SADD', key('questions:' .. task), id)
  redis.call('PEXPIREAT', key('questions:' .. task), redis.call('PEXPIRETIME', key(task)))
end
for _, list in ipairs({ key('approvals'), key('approvals:' .. agent) }) do
  redis.call('ZREMRANGEBYSCORE', list, '-inf', at - keepMs)
  redis.call('ZADD', list, at, id)
end
redis.call('PEXPIRE', key('approvals:' .. agent), tonumber(ARGV[6]) + keepMs)
answerWith(id)
tell(ARGV[8])
announce('approval.requested', id)
return { 'opened', at, expiresAt }
