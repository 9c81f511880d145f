-- Appends links to the chain when its head is still the one they were computed from, and puts what they seal under the
-- histories it belongs to.
-- ARGV: expected seq of the head, how many links, for each of them event id and hash; then for each task or agent that was
--       told of: its id, how many links are of it, and which (1 is the first)
-- RETURNS: 1, or 0 when another process was faster
local head = tonumber(redis.call('HGET', key('head'), 'seq') or '0')
if head ~= tonumber(ARGV[1]) then return 0 end
local behind = 2 + 2 * tonumber(ARGV[2])
for i = 3, behind, 2 do
  head = head + 1
  redis.call('XADD', key('chain'), ARGV[i], 's', head, 'h', ARGV[i + 1])
end
redis.call('HSET', key('head'), 'seq', head, 'id', ARGV[behind - 1], 'hash', ARGV[behind])
local at = behind + 1
while at < #ARGV do
  local last, ids = at + 1 + tonumber(ARGV[at + 1]), {}
  for i = at + 2, last do ids[#ids + 1] = ARGV[1 + 2 * tonumber(ARGV[i])] end
  redis.call('RPUSH', key('log:' .. ARGV[at]), unpack(ids))
  at = last + 1
end
return 1
