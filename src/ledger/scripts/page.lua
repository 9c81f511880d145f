-- One page of a sorted set, by rank, from just behind a member (or its score, when it has moved since).
-- ARGV: set name, 'up' or 'down', score of the last seen or '', the last seen, limit
-- RETURNS: {member, score, ...}
local set, up = key(ARGV[1]), ARGV[2] == 'up'
local from = 0
if ARGV[3] ~= '' then
  local score = redis.call('ZSCORE', set, ARGV[4])
  if score and tonumber(score) == tonumber(ARGV[3]) then
    from = redis.call(up and 'ZRANK' or 'ZREVRANK', set, ARGV[4]) + 1
  elseif up then
    from = redis.call('ZCOUNT', set, '-inf', '(' .. ARGV[3])
  else
    from = redis.call('ZCOUNT', set, '(' .. ARGV[3], '+inf')
  end
end
return redis.call(up and 'ZRANGE' or 'ZREVRANGE', set, from, from + ARGV[5] - 1, 'WITHSCORES')
