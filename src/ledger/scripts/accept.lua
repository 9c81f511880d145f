-- An operator takes the store as it is: from now on it is of this epoch. What stood against agents stands again; where the
-- store has something of its own, the later counts, and a block that is there stays.
-- ARGV: epoch, stops as JSON, event
-- RETURNS: 1
local stops = cjson.decode(ARGV[2])

local function saidAt(risk)
  local ok, signal = pcall(cjson.decode, risk or '{}')
  return ok and tonumber(signal.at) or 0
end

redis.call('HSET', key('head'), 'epoch', ARGV[1])
for scope, block in pairs(stops.blocks) do redis.call('HSETNX', key('blocks'), scope, block) end
for agent, risk in pairs(stops.risks) do
  if saidAt(risk) > saidAt(redis.call('HGET', key('risks'), agent)) then redis.call('HSET', key('risks'), agent, risk) end
end
for agent, endedAt in pairs(stops.endedProofs) do
  local known = tonumber(redis.call('HGET', key('ended-proofs'), agent) or '0')
  if tonumber(endedAt) > known then redis.call('HSET', key('ended-proofs'), agent, endedAt) end
end
redis.call('INCR', key('risks-version'))
tell(ARGV[3])
return 1
