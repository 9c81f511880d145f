-- How often the agent was granted a catalog entry, in the latest of its history.
-- ARGV: agent, entry, how many events to look at
-- RETURNS: {how often, when last or ''}
local ids = redis.call('LRANGE', key('log:' .. ARGV[1]), -tonumber(ARGV[3]), -1)
local count, last = 0, ''
for _, id in ipairs(ids) do
  local entry = redis.call('XRANGE', KEYS[1], id, id)[1]
  local text = entry and entry[2][2] or ''
  if string.find(text, '"lease.reserved"', 1, true) then
    local ok, event = pcall(cjson.decode, text)
    if ok and event.type == 'lease.reserved' and event.asked and event.asked.entry == ARGV[2] then
      count, last = count + 1, string.match(id, '^%d+')
    end
  end
end
return { count, last }
