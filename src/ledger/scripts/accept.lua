-- An operator takes the store as it is: from now on it is of this epoch. What stood against agents stands again; where the
-- store has something of its own, the later counts, and a block that is there stays.
-- ARGV: epoch, stops as JSON (each a list of field and value), event
-- RETURNS: 1
local stops = cjson.decode(ARGV[2])

local function saidAt(risk)
  local ok, signal = pcall(cjson.decode, risk or '{}')
  return ok and tonumber(signal.at) or 0
end

redis.call('HSET', key('head'), 'epoch', ARGV[1])
for _, block in ipairs(stops.blocks) do redis.call('HSETNX', key('blocks'), block[1], block[2]) end
for _, risk in ipairs(stops.risks) do
  local before = saidAt(redis.call('HGET', key('risks'), risk[1]))
  if saidAt(risk[2]) > before then redis.call('HSET', key('risks'), risk[1], risk[2]) end
end
for _, ended in ipairs(stops.endedProofs) do
  local before = tonumber(redis.call('HGET', key('ended-proofs'), ended[1]) or '0')
  if tonumber(ended[2]) > before then redis.call('HSET', key('ended-proofs'), ended[1], ended[2]) end
end
redis.call('INCR', key('risks-version'))
redis.call('INCR', key('stops-version'))
tell(ARGV[3])
return 1
