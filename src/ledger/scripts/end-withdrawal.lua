-- Every lease in its reach has begun to end. ARGV: withdrawal id, event
-- RETURNS: 1, or 0 when another process ended it
if redis.call('SREM', key('withdrawals:open'), ARGV[1]) == 0 then return 0 end
if redis.call('EXISTS', key(ARGV[1])) == 1 then redis.call('HSET', key(ARGV[1]), 'z', timeMs()) end
tell(ARGV[2])
return 1
