-- Many leases are to be taken back, or looked at again. What stands against issuing from now on (a block), or what made
-- it necessary (a risk), is written in the same step. Nothing is done when this was asked before.
-- ARGV: withdrawal id, what of it as JSON, its retention ms, name of what is asked once or '', its ttl ms,
--       'blocks' | 'risks' | 'ended-proofs' | '', field, value (a risk of '' is forgotten), event
--       The field of a risk is the agent, as operators say, or the agent, a line break and the stream that says so.
-- RETURNS: {'ok', now, the block that stands} | {'same'}
local id, at = ARGV[1], timeMs()
if ARGV[4] ~= '' and not redis.call('SET', key('seen:' .. ARGV[4]), '1', 'PX', ARGV[5], 'NX') then return { 'same' } end
local stands = ''
if ARGV[6] == 'blocks' then
  redis.call('HSETNX', key('blocks'), ARGV[7], ARGV[8])
  stands = redis.call('HGET', key('blocks'), ARGV[7])
elseif ARGV[6] == 'ended-proofs' then
  local before = tonumber(redis.call('HGET', key('ended-proofs'), ARGV[7]) or '0')
  redis.call('HSET', key('ended-proofs'), ARGV[7], math.max(before, tonumber(ARGV[8])))
  redis.call('INCR', key('risks-version'))
elseif ARGV[6] == 'risks' then
  local risks, agent = key('risks'), string.match(ARGV[7], '^[^\n]*')
  if agent == ARGV[7] then
    -- An operator has the last word: what streams have said until then counts no longer.
    for _, field in ipairs(redis.call('HKEYS', risks)) do
      if string.sub(field, 1, #agent + 1) == agent .. '\n' then redis.call('HDEL', risks, field) end
    end
  else
    -- Tokens of one stream may come in another order than they were made in.
    local ok, before = pcall(cjson.decode, redis.call('HGET', risks, ARGV[7]) or '{}')
    local said, now = ok and before.at or 0, cjson.decode(ARGV[8]).at
    if now < said then return { 'same' } end
  end
  if ARGV[8] == '' then redis.call('HDEL', key('risks'), ARGV[7]) else redis.call('HSET', key('risks'), ARGV[7], ARGV[8]) end
  redis.call('INCR', key('risks-version'))
end
if ARGV[6] ~= '' then redis.call('INCR', key('stops-version')) end
redis.call('HSET', key(id), 'j', ARGV[2], 'at', at)
redis.call('PEXPIRE', key(id), ARGV[3])
redis.call('ZADD', key('withdrawals'), at, id)
redis.call('ZREMRANGEBYSCORE', key('withdrawals'), '-inf', at - tonumber(ARGV[3]))
redis.call('SADD', key('withdrawals:open'), id)
tell(ARGV[9])
return { 'ok', at, stands }
