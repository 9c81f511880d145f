-- Minting is over: one after the other, each as if it were alone. Only a reserved lease of an open task becomes active;
-- otherwise what was minted is due for revocation, and nothing may be handed over.
-- ARGV: for each five: lease id, provider's end ms or '', effect, event, what caused it
-- RETURNS: for each 1, or 0, or '!' and why it failed
local function activate(id, ends, effect, event, cause)
  causedBy = cause
  local head, body = readLease(id)
  if not head then return 0 end
  local at = timeMs()
  head.m = nil
  if ends == '' then head.u = 1 else setEnd(head, head.e, tonumber(ends), head.r and head.g or 0) end
  head.f = effect
  local task = redis.call('HMGET', key(taskOf(id)), 's', 'd')
  local block = not isUnblocked() and blockOf(agentOf(body), head.p, factsOf(body).c or '', taskOf(id))
  local open = task[1] == 'o' and tonumber(task[2]) > at
  local begins = isReadable(body) and head.s == 'r' and open and not block
  isEnding = not begins
  if begins then
    mustHaveLog()
    countState(head, 'a')
    writeLease(id, head, body)
    redis.call('ZADD', key('due:' .. head.p), head.e, id)
    tell(event)
    return 1
  end
  if not isOver(head) then
    writeLease(id, head, body)
    if head.q then markOpen(id, head) end
    beginRevoking(id, head, body, block and 'kill_switch' or 'task_end', 'broker', at, at)
  end
  return 0
end

return eachOf(1, 5, activate)
