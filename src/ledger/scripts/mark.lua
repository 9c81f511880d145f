-- Where the ledger stands, and whether it still holds where it stood.
-- ARGV: id of the last event then or '', id of the last sealed event then or '', its hash
-- RETURNS: {epoch, seq of the head, its id or '', its hash or '', id of the last event or '', now, 1 or 0}
local function hashOf(id)
  local link = linkOf(id)
  return link and link.hash
end
local head = redis.call('HMGET', key('head'), 'epoch', 'seq', 'id', 'hash')
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
local holds = (ARGV[1] == '' or #redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1]) == 1)
  and (ARGV[2] == '' or hashOf(ARGV[2]) == ARGV[3])
return {
  tonumber(head[1] or '0'), tonumber(head[2] or '0'), head[3] or '', head[4] or '', last and last[1] or '', timeMs(),
  holds and 1 or 0,
}
