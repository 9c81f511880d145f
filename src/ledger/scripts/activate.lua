-- Minting is over. Only a reserved lease of an open task becomes active; otherwise what was minted is due for
-- revocation, and nothing may be handed over.
-- ARGV: lease id, agent, provider's end ms or '', effect, event
-- RETURNS: 1, or false
local id = ARGV[1]
local head, body = readLease(id)
if not head then return false end
local at = timeMs()
head.m = nil
if ARGV[3] == '' then head.u = 1 else setEnd(head, head.e, tonumber(ARGV[3]), head.r and head.g or 0) end
head.f = ARGV[4]
local task = redis.call('HMGET', key(taskOf(id)), 's', 'd')
local block = blockOf(ARGV[2], head.p, factsOf(body).c or '', taskOf(id))
if head.s == 'r' and task[1] == 'o' and tonumber(task[2]) > at and not block then
  move(head, 'a')
  writeLease(id, head, body)
  redis.call('ZADD', key('due:' .. head.p), head.e, id)
  tell(ARGV[5], taskOf(id), ARGV[2])
  return 1
end
if not isOver(head) then
  writeLease(id, head, body)
  if head.q then markOpen(id, head) end
  beginRevoking(id, head, body, block and 'kill_switch' or 'task_end', 'broker', at, at)
end
return false
