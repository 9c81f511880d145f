-- What is decided by has another digest: the live leases are looked at again, unless it is the first digest of all.
-- ARGV: digest, withdrawal id, what of it as JSON, its retention ms, event
-- RETURNS: 1 when a withdrawal began, or 0
local before = redis.call('GET', key('context'))
if before == ARGV[1] then return 0 end
redis.call('SET', key('context'), ARGV[1])
if not before then return 0 end
local id, at = ARGV[2], timeMs()
redis.call('HSET', key(id), 'j', ARGV[3], 'at', at)
redis.call('PEXPIRE', key(id), ARGV[4])
redis.call('ZADD', key('withdrawals'), at, id)
redis.call('SADD', key('withdrawals:open'), id)
tell(ARGV[5])
return 1
