-- The live leases of a tree of tasks were judged on its chain; with another step since it is among the stepped again,
-- behind those that have waited longer.
-- ARGV: id of the root, count of the chain that was judged on
if (redis.call('HGET', key(ARGV[1]), 'n') or '0') == ARGV[2] then redis.call('ZREM', key('stepped'), ARGV[1])
else redis.call('ZADD', key('stepped'), 'XX', timeMs(), ARGV[1]) end
return 1
