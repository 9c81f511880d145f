-- ARGV: task id, agent, deadline ms, body JSON, event, retention ms, idempotency key or '', digest, its ttl ms
-- RETURNS: {'ok', now} | {'same', task id} | {'idempotency.reused'} | {'taken'}
local id, agent, deadline, body = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4]
local at = timeMs()
local idem = ARGV[7] ~= '' and key('idem:' .. ARGV[7])
if idem then
  local seen = redis.call('HMGET', idem, 'digest', 'id')
  if seen[1] then
    if seen[1] ~= ARGV[8] then return { 'idempotency.reused' } end
    return { 'same', seen[2] }
  end
end
if redis.call('EXISTS', key(id)) == 1 then return { 'taken' } end
redis.call('HSET', key(id), 's', 'o', 'd', deadline, 'a', agent, 'b', body, 'm', '', 'o', at)
redis.call('PEXPIREAT', key(id), math.max(deadline, at) + tonumber(ARGV[6]))
redis.call('ZADD', key('tasks'), at, id)
redis.call('ZADD', key('tasks:' .. agent), at, id)
if idem then
  redis.call('HSET', idem, 'digest', ARGV[8], 'id', id)
  redis.call('PEXPIRE', idem, ARGV[9])
end
tell(ARGV[5], id, agent)
return { 'ok', at }
