-- ARGV: provider and group, holder
-- RETURNS: 1, or 0 when another holds the turn by now
local lock = key('turn:' .. ARGV[1])
if redis.call('GET', lock) ~= ARGV[2] then return 0 end
return redis.call('DEL', lock)
