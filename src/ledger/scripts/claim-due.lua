-- Takes what is due and hides it for a while; a claim whose worker dies is due again by itself (I8).
-- ARGV: provider, limit, visibility ms
-- RETURNS: {now, next due ms or '', lease id ...}
local provider, at = ARGV[1], timeMs()
local due = key('due:' .. provider)
local found = redis.call('ZRANGEBYSCORE', due, '-inf', at, 'WITHSCORES', 'LIMIT', 0, ARGV[2])
local taken = {}
for i = 1, #found, 2 do
  local id = found[i]
  local head, body = readLease(id)
  if not head or not isReadable(body) then
    -- Cannot be read, so it cannot be revoked from here: kept aside and alarmed, never in the way of the others.
    redis.call('ZREM', due, id)
    redis.call('ZREM', key('open:' .. provider), id)
    redis.call('ZADD', key('quarantine'), at, id)
    if head and not isOver(head) then move(head, 'd') end
    tell(cjson.encode({ type = 'lease.quarantined', lease = id, task = taskOf(id), provider = provider }), taskOf(id))
  elseif isOver(head) then
    redis.call('ZREM', due, id)
  else
    local dueAt = tonumber(found[i + 1])
    local cause = head.s == 'r' and 'mint_unresolved' or 'expiry'
    beginRevoking(id, head, body, cause, 'broker', dueAt, at + tonumber(ARGV[3]))
    table.insert(taken, id)
  end
end
local following = redis.call('ZRANGE', due, 0, 0, 'WITHSCORES')
local answer = { at, following[2] or '' }
for _, id in ipairs(taken) do table.insert(answer, id) end
return answer
