-- Appends links to the chain when its head is still the one they were computed from, and puts what they seal under the
-- histories it belongs to.
-- ARGV: expected seq of the head; seq, event id and hash of the new one; how many blocks of links, for each of them the id
--       of its last event and the text that `linkOf` reads; then for each task or agent that was told of: its id, how many
--       events are of it, and their ids
-- RETURNS: 1, or 0 when another process was faster
if (redis.call('HGET', key('head'), 'seq') or '0') ~= ARGV[1] then return 0 end
local at = 6
for _ = 1, tonumber(ARGV[5]) do
  redis.call('XADD', key('chain'), ARGV[at], 'l', ARGV[at + 1])
  at = at + 2
end
redis.call('HSET', key('head'), 'seq', ARGV[2], 'id', ARGV[3], 'hash', ARGV[4])
while at < #ARGV do
  local last = at + 1 + tonumber(ARGV[at + 1])
  redis.call('RPUSH', key('log:' .. ARGV[at]), unpack(ARGV, at + 2, last))
  at = last + 1
end
return 1
