-- Looked at afterwards, once, by somebody else.
-- ARGV: id, reviewer, review JSON, event
-- RETURNS: 1, or false
local id = ARGV[1]
local facts = redis.call('HMGET', key(id), 'a', 'v', 'k')
if not facts[1] or facts[1] == ARGV[2] or facts[2] then return false end
redis.call('HSET', key(id), 'v', ARGV[3])
tell(ARGV[4])
return 1
