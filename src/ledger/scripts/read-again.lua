-- Records that could not be read, and now can, are due again.
-- ARGV: limit
-- RETURNS: {provider ...} of those that are due again
local words = { r = 'reserved', a = 'active', v = 'revoking', k = 'stuck' }
local at, providers = timeMs(), {}
for _, id in ipairs(redis.call('ZRANGE', key('quarantine'), 0, ARGV[1] - 1)) do
  local head, body = readLease(id)
  if head and isReadable(body) then
    redis.call('ZREM', key('quarantine'), id)
    local state = head.s
    if isLive(state) then
      head.s = nil
      move(head, state, factsOf(body), id)
      redis.call('ZADD', key('due:' .. head.p), at, id)
      if head.q then markOpen(id, head) end
      tell(cjson.encode({
        type = 'lease.readable', lease = id, task = taskOf(id), provider = head.p, state = words[state],
      }))
      table.insert(providers, head.p)
    end
  end
end
return providers
