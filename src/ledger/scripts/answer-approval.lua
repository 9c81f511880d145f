-- One person's answer. `pending` is left once: whoever has not seen the answers before is told to look again.
-- ARGV: approval id, how many answers were seen, 'p' | 'a' | 'd', answers JSON, granted JSON, for ms, event, keep ms
-- RETURNS: 1, or false
mustHaveLog()
local id = ARGV[1]
local facts = redis.call('HMGET', key(id), 's', 't', 'd', 'a', 'k', 'g')
local at = timeMs()
if facts[1] ~= 'p' or tonumber(facts[2]) <= at then return false end
if #cjson.decode(facts[3]) ~= tonumber(ARGV[2]) then return false end
redis.call('HSET', key(id), 's', ARGV[3], 'd', ARGV[4], 'y', ARGV[5])
if ARGV[3] ~= 'p' then
  local untilAt = at + tonumber(ARGV[6])
  redis.call('HSET', key(id), 'z', at)
  if ARGV[3] == 'a' then
    redis.call('HSET', key(id), 'u', untilAt)
    redis.call('ZADD', key('approved-approvals'), untilAt, id)
  end
  redis.call('PEXPIREAT', key(id), untilAt + tonumber(ARGV[8]))
  redis.call('SET', key('ask:' .. facts[6]), id, 'PX', ARGV[6])
  redis.call('ZREM', key('pending-approvals'), id)
  redis.call('ZREM', key('pending-approvals:' .. facts[4]), id)
  if ARGV[3] == 'd' and facts[5] ~= '' then redis.call('SREM', key('questions:' .. facts[5]), id) end
  announce('approval.decided', id)
end
tell(ARGV[7])
return 1
