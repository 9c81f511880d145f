-- Appends links to the chain when its head is still the one they were computed from.
-- ARGV: expected seq of the head, then for each link: event id, hash
-- RETURNS: 1, or 0 when another process was faster
local head = tonumber(redis.call('HGET', key('head'), 'seq') or '0')
if head ~= tonumber(ARGV[1]) then return 0 end
for i = 2, #ARGV, 2 do
  head = head + 1
  redis.call('XADD', key('chain'), ARGV[i], 's', head, 'h', ARGV[i + 1])
end
redis.call('HSET', key('head'), 'seq', head, 'id', ARGV[#ARGV - 1], 'hash', ARGV[#ARGV])
return 1
