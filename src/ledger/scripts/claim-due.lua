-- Takes what is due and hides it for a while; a claim whose worker dies is due again by itself (I8).
-- ARGV: provider, limit, visibility ms, 1 when the store may have gone back in time
-- RETURNS: {now, next due ms or '', lease id ...}
local codes = { reserved = 'r', active = 'a', revoking = 'v', stuck = 'k' }

-- What its task was told of, and what is not sealed yet, of whatever it is.
local function historyOf(id)
  local entries = {}
  for _, eventId in ipairs(redis.call('LRANGE', key('log:' .. taskOf(id)), 0, -1)) do
    entries[#entries + 1] = redis.call('XRANGE', KEYS[1], eventId, eventId)[1]
  end
  local sealed = redis.call('HGET', key('head'), 'id')
  local unsealed = redis.call('XRANGE', KEYS[1], sealed and '(' .. sealed or '-', '+', 'COUNT', 10000)
  for _, entry in ipairs(unsealed) do entries[#entries + 1] = entry end
  return entries
end

-- State, agent and entry of a lease by its history.
local function traceOf(id)
  local trace = {}
  for _, entry in ipairs(historyOf(id)) do
    local ok, event = pcall(cjson.decode, entry[2][2])
    if ok and event.lease == id then
      local is = event.type
      if is == 'lease.reserved' then trace = { s = 'r', a = event.agent, c = event.asked.entry }
      elseif is == 'lease.active' then trace.s = 'a'
      elseif is == 'lease.revoking' then trace.s = 'v'
      elseif is == 'revocation.failed' and event.stuck then trace.s = 'k'
      elseif is == 'lease.readable' then trace.s = codes[event.state]
      elseif is == 'lease.revoked' or is == 'lease.expired' or is == 'lease.quarantined' then trace.s = nil end
    end
  end
  return trace
end

tellUntold()
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
    -- It is counted no longer; what its record does not say, its history does.
    local trace = traceOf(id)
    if head then trace.s = head.s end
    trace.p = provider
    if isLive(trace.s) and trace.a then move(trace, 'd', trace, id) end
    tell(cjson.encode({ type = 'lease.quarantined', lease = id, task = taskOf(id), provider = provider }))
  elseif isOver(head) then
    redis.call('ZREM', due, id)
  elseif ARGV[4] == '1' and mayHaveMoved(head) then
    redis.call('ZADD', due, at + tonumber(ARGV[3]), id)
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
