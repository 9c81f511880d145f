-- The live leases of a tree of tasks were judged on its chain; another step since keeps it among the stepped.
-- ARGV: id of the root, count of the chain that was judged on
if tonumber(redis.call('ZSCORE', key('stepped'), ARGV[1])) == tonumber(ARGV[2]) then redis.call('ZREM', key('stepped'), ARGV[1]) end
return 1
