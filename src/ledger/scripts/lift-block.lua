-- ARGV: block field, the id that it must have, event
-- RETURNS: 1, or 0 when there is no such block any more
local text = redis.call('HGET', key('blocks'), ARGV[1])
if not text or cjson.decode(text).id ~= ARGV[2] then return 0 end
redis.call('HDEL', key('blocks'), ARGV[1])
redis.call('INCR', key('stops-version'))
tell(ARGV[3])
return 1
