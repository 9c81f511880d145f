-- The live leases of a task were judged on its chain; another step since keeps it among the stepped.
-- ARGV: task id, count of the chain that was judged on
if tonumber(redis.call('ZSCORE', key('stepped'), ARGV[1])) == tonumber(ARGV[2]) then redis.call('ZREM', key('stepped'), ARGV[1]) end
return 1
