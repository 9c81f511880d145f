-- Reservation and fence are one decision (I4); the lease is durable, with its handle and its end, before anything
-- is minted (I2).
-- ARGV: lease id, task id, agent, provider, body JSON, ttl ms, mint timeout ms, effect, event,
--       idempotency key or '', digest, its ttl ms,
--       conditions as JSON: n catalog entry; y ceiling ms; h an event that must be there;
--       the most live leases of it (e), of the agent (a), of the task (o), of its tree (b), and of all (t), or none;
--       i issuer, w owner, f when the token was issued, m true for a person, p what else it proved, as text or none,
--       v the count of the tool chain that was decided on; s a permitted step for tool u,
--       issue rates (q) as {agent, task or entry; most; within ms},
--       r the approval it is used for {i id, g digest of the request},
--       keep ms or '', rosters to be listed in ...
-- RETURNS: {'ok', now, expiresAt, mintUntil} | {'moved', count, chain, time} | {'taken'}
--          | {fault code, what of it, ms to wait}
mustHaveLog()
local id, task, agent, provider = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local only = cjson.decode(ARGV[13])
if only.h and #redis.call('XRANGE', KEYS[1], only.h, only.h) == 0 then return { 'state.rolled_back' } end
local facts = redis.call('HMGET', key(task), 's', 'd', 'a', 'l', 'n', 'p', 'q', 'u')
if not facts[1] or facts[3] ~= agent then return { 'task.unknown' } end
local at = timeMs()
if facts[1] ~= 'o' or tonumber(facts[2]) <= at then return { 'task.ended' } end
local root = facts[7] and redis.call('HMGET', key(facts[7]), 'n', 'l', 'u') or { facts[5], facts[4], facts[8] }
if only.v and only.v ~= tonumber(root[1] or '0') then
  return movedFrom(chainKey(task, facts[7]), task)
end
if only.s then
  local step = redis.call('HGET', key('steps:' .. task), only.s)
  local facts = step and cjson.decode(string.match(step, ' (.*)'))
  if not facts or facts.decision ~= 'permit' or facts.tool ~= only.u then return { 'step.unknown' } end
end
if redis.call('EXISTS', key(id)) == 1 then return { 'taken' } end
local unproven = endedProof(agent, only.f or 0, task)
if unproven then return { unproven } end
-- Seen, and as whom; the same step looks whether an operator has blocked it, so that nothing overtakes the block.
seenAgent(agent, at, only.i or '', only.w, only.f, only.m)
local block = blockOf(agent, provider, only.n, task)
if block then return { 'blocked', block } end

local idem = ARGV[10] ~= '' and key('idem:' .. ARGV[10])
local seenId, superseded
if idem then
  local seen = redis.call('HMGET', idem, 'digest', 'id')
  if seen[1] and seen[1] ~= ARGV[11] then return { 'idempotency.reused' } end
  if seen[2] then
    seenId = seen[2]
    local head, body = readLease(seenId)
    if head and head.s == 'r' and head.m and at < head.m then return { 'idempotency.in_flight' } end
    superseded = head and { head, body }
  end
end

local function boundReached()
  local function live(field) return tonumber(redis.call('HGET', key('live'), field) or '0') end
  if only.a and live('a:' .. agent) >= only.a then return 'agent' end
  if only.e and live('e:' .. only.n) >= only.e then return 'entry' end
  if not only.t then return nil end
  local all = 0
  for _, count in ipairs(redis.call('HVALS', key('counts'))) do all = all + tonumber(count) end
  return all >= only.t and 'all' or nil
end
if only.o and tonumber(facts[4] or '0') >= only.o then return { 'task.full' } end
if only.b and tonumber(root[2] or '0') + tonumber(root[3] or '0') >= only.b then return { 'task.full' } end
local bound = boundReached()
if bound then return { 'lease.limit', bound } end

-- An approval is used once: by this lease, or by the one that takes its place when the request is retried because its
-- answer was lost. What a person, a policy or its own agent has ended since is not had again by it.
local lost = { mint_unresolved = true, superseded = true }
local function isRetryOf(lease)
  return seenId and lease == seenId and superseded and (not superseded[1].c or lost[superseded[1].c])
end
local function approvalFault()
  local found = redis.call('HMGET', key(only.r.i), 's', 'a', 'g', 'u', 'l')
  if not found[1] or found[2] ~= agent then return 'approval.unverifiable' end
  if found[3] ~= only.r.g then return 'approval.out_of_scope' end
  if found[1] == 'u' and not isRetryOf(found[5]) then return 'approval.used' end
  if found[1] == 'p' then return 'approval.pending' end
  if found[1] == 'd' then return 'approval.denied' end
  if found[1] == 'c' or found[1] == 'r' then return 'approval.revoked' end
  if found[1] == 'x' or tonumber(found[4]) <= at then return 'approval.expired' end
  return nil, tonumber(found[4])
end
local approvedUntil
if only.r then
  local fault
  fault, approvedUntil = approvalFault()
  if fault then return { fault } end
end
-- Token buckets, each kept as the moment when it is full again. All have to let it pass before any is charged.
local charged = {}
for _, rate in ipairs(only.q or {}) do
  local of, most, withinMs = rate[1], rate[2], rate[3]
  local name = key('rate:' .. of .. ':' .. (of == 'agent' and agent or of == 'task' and task or only.n))
  local fullAt = math.max(at, tonumber(redis.call('GET', name) or '0')) + withinMs / most
  local waitMs = fullAt - at - withinMs
  if waitMs >= 1 then return { 'quota.issue_rate', of, math.ceil(waitMs) } end
  charged[name] = fullAt
end
for name, fullAt in pairs(charged) do
  redis.call('SET', name, string.format('%.3f', fullAt), 'PX', math.ceil(fullAt - at))
end
if only.r then
  redis.call('HSET', key(only.r.i), 's', 'u', 'l', id, 'z', at)
  redis.call('DEL', key('ask:' .. only.r.g))
end

if idem then
  if superseded then beginRevoking(seenId, superseded[1], superseded[2], 'superseded', agent, at, at) end
  redis.call('HSET', idem, 'digest', ARGV[11], 'id', id)
  redis.call('PEXPIRE', idem, ARGV[12])
end

local expiresAt, mintUntil = math.min(at + tonumber(ARGV[6]), approvedUntil or math.huge), at + tonumber(ARGV[7])
local head = {
  p = provider, o = at, e = expiresAt, m = mintUntil, f = ARGV[8], k = tonumber(ARGV[14]), y = at + only.y,
}
move(head, 'r', { a = agent, c = only.n }, id)
redis.call('SET', key(id), leaseText(head, ARGV[5]))
addMark(task, id)
if (only.p or '') ~= (facts[6] or '') then redis.call('HSET', key(task), 'p', only.p or '') end
redis.call('ZADD', key('due:' .. provider), math.min(expiresAt, mintUntil), id)
redis.call('SADD', key('providers'), provider)
for i = 15, #ARGV do
  redis.call('ZADD', key('roster:' .. provider .. ':' .. ARGV[i]), mintUntil, id)
  redis.call('SADD', key('rosters:' .. provider), ARGV[i])
end
tell(ARGV[9], task, agent)
return { 'ok', at, expiresAt, mintUntil }
