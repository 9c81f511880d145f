-- An emergency, written down and announced before anything is minted.
-- ARGV: id, operator, task, body JSON, ttl ms, event
-- RETURNS: {now, endsAt}
mustHaveLog()
local id, by, task = ARGV[1], ARGV[2], ARGV[3]
local at = timeMs()
local endsAt = at + tonumber(ARGV[5])
redis.call('HSET', key(id), 'b', ARGV[4], 'a', by, 'k', task, 'o', at, 'e', endsAt)
redis.call('ZADD', key('breakglass'), at, id)
redis.call('ZADD', key('breakglass:open'), endsAt, id)
tell(ARGV[6])
announce('breakglass.opened', id)
return { at, endsAt }
