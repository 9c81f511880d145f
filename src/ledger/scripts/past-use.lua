-- How often the agent was granted a catalog entry, or permitted a tool, in the latest of its history.
-- ARGV: agent, entry or '', tool or '', how many events to look at
-- RETURNS: {how often, when last or ''}
local ids = redis.call('LRANGE', key('log:' .. ARGV[1]), -tonumber(ARGV[4]), -1)
local wanted = ARGV[2] ~= '' and 'lease.reserved' or 'step.decided'
local function isMeant(event)
  if event.type ~= wanted then return false end
  if ARGV[2] ~= '' then return event.asked and event.asked.entry == ARGV[2] end
  return event.tool == ARGV[3] and event.decided and event.decided.is == 'permit'
end
local count, last = 0, ''
for _, id in ipairs(ids) do
  local entry = redis.call('XRANGE', KEYS[1], id, id)[1]
  local text = entry and entry[2][2] or ''
  if string.find(text, '"' .. wanted .. '"', 1, true) then
    local ok, event = pcall(cjson.decode, text)
    if ok and isMeant(event) then count, last = count + 1, string.match(id, '^%d+') end
  end
end
return { count, last }
