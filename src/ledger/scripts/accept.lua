-- An operator takes the store as it is: from now on it is of this epoch.
-- ARGV: epoch, event
-- RETURNS: 1
redis.call('HSET', key('head'), 'epoch', ARGV[1])
tell(ARGV[2])
return 1
