-- A sub-task is opened in one step with the fence of its parent (I4), and within the bounds of its tree. A task that has
-- sub-tasks names them in its field h, eight characters each; its root counts all of the tree in field t.
-- ARGV: task id, agent, deadline ms, body JSON, or '' to look whether it would be opened and change nothing, event,
--       retention ms, idempotency key or '', digest, its ttl ms,
--       parent id, parent's agent, root id, the most sub-tasks of one task, and of one tree,
--       issuer and owner of the parent's agent, when its token was issued,
--       the approval that permits it, its digest, and the count of the chain that it was looked at on, or '' for each,
--       the event that has to be there or ''
-- RETURNS: {'ok', now} | {'clear'} | {'same', id of the task, or of the question that was asked instead} | {'taken'}
--          | {'moved', count, chain, time} | {'blocked', by what} | {fault code}
mustHaveLog()
if ARGV[21] ~= '' and #redis.call('XRANGE', KEYS[1], ARGV[21], ARGV[21]) == 0 then return { 'state.rolled_back' } end
local id, agent, deadline = ARGV[1], ARGV[2], tonumber(ARGV[3])
local parent, root = ARGV[10], ARGV[12]
local at = timeMs()
local above = redis.call('HMGET', key(parent), 's', 'd', 'a', 'h', 'q')
if not above[1] or above[3] ~= ARGV[11] then return { 'task.unknown' } end
if above[1] ~= 'o' or tonumber(above[2]) <= at then return { 'task.ended' } end
local unproven = endedProof(ARGV[11], ARGV[17], parent)
if unproven then return { unproven } end
seenAgent(ARGV[11], at, ARGV[15], ARGV[16], ARGV[17])
local block = blockOf(ARGV[11], '', '', parent) or blockOf(agent, '', '', parent)
if block then return { 'blocked', block } end
if deadline > tonumber(above[2]) then return { 'delegation.wider' } end
local idem = ARGV[7] ~= '' and key('idem:' .. ARGV[7])
if idem then
  local seen = redis.call('HMGET', idem, 'digest', 'id')
  if seen[1] then
    if seen[1] ~= ARGV[8] then return { 'idempotency.reused' } end
    return { 'same', seen[2] }
  end
end
local children = above[4] or ''
if #children / 8 >= tonumber(ARGV[13]) then return { 'delegation.fan_out' } end
if tonumber(redis.call('HGET', key(root), 't') or '0') >= tonumber(ARGV[14]) then return { 'delegation.fan_out' } end
local approval = ARGV[18] ~= '' and { id = ARGV[18], digest = ARGV[19] }
if approval then
  local chain = chainKey(parent, above[5])
  if (redis.call('HGET', chain, 'n') or '0') ~= ARGV[20] then return movedFrom(chain, parent) end
  local fault = approvalFault(approval, ARGV[11], at)
  if fault then return { fault } end
end
if ARGV[4] == '' then return { 'clear' } end
if redis.call('EXISTS', key(id)) == 1 then return { 'taken' } end
if approval then useApproval(approval, id, at) end
redis.call('HSET', key(id), 's', 'o', 'd', deadline, 'a', agent, 'b', ARGV[4], 'm', '', 'o', at, 'q', root)
-- A token that was fresh enough above is so below, and no other.
local stepped = redis.call('HGET', key(parent), 'r')
if stepped then redis.call('HSET', key(id), 'r', stepped) end
redis.call('PEXPIREAT', key(id), math.max(deadline, at) + tonumber(ARGV[6]))
redis.call('ZADD', key('tasks'), at, id)
redis.call('ZADD', key('tasks:' .. agent), at, id)
redis.call('HSET', key(parent), 'h', children .. string.sub(id, 5))
redis.call('HINCRBY', key(root), 't', 1)
if idem then
  redis.call('HSET', idem, 'digest', ARGV[8], 'id', id)
  redis.call('PEXPIRE', idem, ARGV[9])
end
tell(ARGV[5])
return { 'ok', at }
