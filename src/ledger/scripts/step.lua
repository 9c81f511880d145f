-- A step is decided on one chain of its task, and recorded while the task is open and still has that chain (I4).
-- ARGV: task id, agent, step id, count that was decided on, chain text after it or '' when not permitted,
--       step JSON, or '' to look whether it would be recorded and change nothing, event, the most steps of a task, idempotency key or '', digest, its ttl ms,
--       issuer and owner of the agent, when its token was issued,
--       the approval that permits it and its digest, or '', the event that has to be there or ''
-- RETURNS: {'ok', now} | {'clear'} | {'moved', count, chain, time} | {'same', step id, time and JSON} | {'taken'}
--          | {'blocked', by what} | {fault code}
mustHaveLog()
if ARGV[17] ~= '' and #redis.call('XRANGE', KEYS[1], ARGV[17], ARGV[17]) == 0 then return { 'state.rolled_back' } end
local task, id = ARGV[1], ARGV[3]
local facts = redis.call('HMGET', key(task), 's', 'd', 'a', 'q')
if not facts[1] or facts[3] ~= ARGV[2] then return { 'task.unknown' } end
local at = timeMs()
if facts[1] ~= 'o' or tonumber(facts[2]) <= at then return { 'task.ended' } end
local unproven = endedProof(ARGV[2], ARGV[14], task)
if unproven then return { unproven } end
seenAgent(ARGV[2], at, ARGV[12], ARGV[13], ARGV[14])
local block = blockOf(ARGV[2], '', '', task)
if block then return { 'blocked', block } end
local steps = key('steps:' .. task)

local idem = ARGV[9] ~= '' and key('idem:' .. ARGV[9])
if idem then
  local seen = redis.call('HMGET', idem, 'digest', 'id')
  if seen[1] and seen[1] ~= ARGV[10] then return { 'idempotency.reused' } end
  local before = seen[2] and redis.call('HGET', steps, seen[2])
  if before then return { 'same', seen[2], before } end
end

local chain = chainKey(task, facts[4])
if (redis.call('HGET', chain, 'n') or '0') ~= ARGV[4] then return movedFrom(chain, task) end
if redis.call('HLEN', steps) >= tonumber(ARGV[8]) then return { 'task.steps' } end
local approval = ARGV[15] ~= '' and { id = ARGV[15], digest = ARGV[16] }
local fault = approval and approvalFault(approval, ARGV[2], at)
if fault then return { fault } end
if ARGV[6] == '' then return { 'clear' } end
if redis.call('HSETNX', steps, id, at .. ' ' .. ARGV[6]) == 0 then return { 'taken' } end
redis.call('PEXPIREAT', steps, redis.call('PEXPIRETIME', key(task)))
if approval then useApproval(approval, id, at) end
if ARGV[5] ~= '' then
  redis.call('HSET', chain, 'n', ARGV[4] + 1, 'k', ARGV[5])
  redis.call('HSET', key(task), 'r', at)
  -- Leases that were decided on the chain before it are looked at again: l of the root are live, or some of its t sub-tasks may have.
  local root = redis.call('HMGET', chain, 'l', 't')
  if root[2] or tonumber(root[1] or '0') > 0 then redis.call('ZADD', key('stepped'), 'NX', at, facts[4] or task) end
end
if idem then
  redis.call('HSET', idem, 'digest', ARGV[10], 'id', id)
  redis.call('PEXPIRE', idem, ARGV[11])
end
tell(ARGV[7])
return { 'ok', at }
