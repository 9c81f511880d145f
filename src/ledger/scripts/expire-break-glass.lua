-- Emergencies that are over: told once. They have been over since their end, whoever says so.
-- ARGV: limit
-- RETURNS: how many
local at = timeMs()
local over = redis.call('ZRANGEBYSCORE', key('breakglass:open'), '-inf', at, 'LIMIT', 0, ARGV[1])
for _, id in ipairs(over) do
  redis.call('ZREM', key('breakglass:open'), id)
  local facts = redis.call('HMGET', key(id), 'a', 'k')
  if facts[1] then
    tell(cjson.encode({ type = 'breakglass.expired', breakGlass = id, task = facts[2], agent = facts[1] }))
    announce('breakglass.expired', id)
  end
end
return #over
