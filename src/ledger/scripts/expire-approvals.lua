-- Nobody answered in time, and that is a no: writes it down. Every reader has known it since its time ran out.
-- ARGV: limit, keep ms
-- RETURNS: how many
local at = timeMs()
local late = redis.call('ZRANGEBYSCORE', key('pending-approvals'), '-inf', at, 'LIMIT', 0, ARGV[1])
for _, id in ipairs(late) do
  redis.call('ZREM', key('pending-approvals'), id)
  local facts = redis.call('HMGET', key(id), 's', 'a', 'k')
  if facts[1] == 'p' then
    redis.call('HSET', key(id), 's', 'x', 'z', at)
    if facts[3] ~= '' then redis.call('SREM', key('questions:' .. facts[3]), id) end
    tell(cjson.encode({ type = 'approval.expired', approval = id, task = facts[3], agent = facts[2] }))
  end
end
redis.call('ZREMRANGEBYSCORE', key('approved-approvals'), '-inf', at)
redis.call('ZREMRANGEBYSCORE', key('approvals'), '-inf', at - tonumber(ARGV[2]))
return #late
