-- ARGV: task id, agent, deadline ms, body JSON, event, retention ms, idempotency key or '', digest, its ttl ms,
--       key of its run or '', the most tasks of its agent or '' within so many ms, who opens it, as a part of a key
-- RETURNS: {'ok', now} | {'same', task id} | {'idempotency.reused'} | {'task.run_full'} | {'taken'}
--          | {'quota.task_rate', ms to wait}
mustHaveLog()
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
-- A token bucket, kept as the moment when it is full again; charged when the task is opened.
local rate, fullAt
if ARGV[11] ~= '' then
  local withinMs = tonumber(ARGV[12])
  rate = key('rate:open:' .. agent)
  fullAt = math.max(at, tonumber(redis.call('GET', rate) or '0')) + withinMs / tonumber(ARGV[11])
  local waitMs = fullAt - at - withinMs
  if waitMs >= 1 then return { 'quota.task_rate', math.ceil(waitMs) } end
end
local keepUntil = math.max(deadline, at) + tonumber(ARGV[6])
if ARGV[10] ~= '' then
  -- Of each who opens tasks for it apart: nobody fills the run of another.
  local run = key(ARGV[10] .. ':' .. ARGV[13])
  -- What is over makes room only when room is needed: a webhook that comes twice is to find it.
  if redis.call('SCARD', run) >= 256 then
    for _, other in ipairs(redis.call('SMEMBERS', run)) do
      if redis.call('HGET', key(other), 's') ~= 'o' then redis.call('SREM', run, other) end
    end
    if redis.call('SCARD', run) >= 256 then return { 'task.run_full' } end
  end
  redis.call('SADD', run, id)
  redis.call('SADD', key(ARGV[10]), ARGV[13])
  for _, one in ipairs({ run, key(ARGV[10]) }) do
    if redis.call('PEXPIRETIME', one) < keepUntil then redis.call('PEXPIREAT', one, keepUntil) end
  end
end
if rate then redis.call('SET', rate, string.format('%.3f', fullAt), 'PX', math.ceil(fullAt - at)) end
redis.call('HSET', key(id), 's', 'o', 'd', deadline, 'a', agent, 'b', body, 'm', '', 'o', at)
redis.call('PEXPIREAT', key(id), keepUntil)
redis.call('ZADD', key('tasks'), at, id)
redis.call('ZADD', key('tasks:' .. agent), at, id)
if idem then
  redis.call('HSET', idem, 'digest', ARGV[8], 'id', id)
  redis.call('PEXPIRE', idem, ARGV[9])
end
tell(ARGV[5])
return { 'ok', at }
