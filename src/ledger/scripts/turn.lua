-- One writer at a time for a group, with an epoch that only grows.
-- ARGV: provider and group, holder, ttl ms, the epoch is to be above
-- RETURNS: epoch, or false while another holds the turn
local lock = key('turn:' .. ARGV[1])
local holder = redis.call('GET', lock)
if holder and holder ~= ARGV[2] then return false end
local epoch = math.max(tonumber(redis.call('HGET', key('epochs'), ARGV[1]) or '0'), tonumber(ARGV[4])) + 1
redis.call('HSET', key('epochs'), ARGV[1], epoch)
redis.call('SET', lock, ARGV[2], 'PX', ARGV[3])
return epoch
