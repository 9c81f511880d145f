-- How often the agent was granted a catalog entry, or permitted a tool, in the latest of its history; or has delegated to
-- another agent, in the latest of that one's, where a delegation is told.
-- ARGV: agent, entry or '', tool or '', the other agent or '', how many events to look at
-- RETURNS: {how often, when last or ''}
local agent, entry, tool, delegate = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local history = key('log:' .. (delegate ~= '' and delegate or agent))
local ids = redis.call('LRANGE', history, -tonumber(ARGV[5]), -1)
local wanted = delegate ~= '' and 'task.delegated' or entry ~= '' and 'lease.reserved' or 'step.decided'
local function isMeant(event)
  if event.type ~= wanted then return false end
  if delegate ~= '' then return event.agent == delegate and event.by == agent end
  if entry ~= '' then return event.asked and event.asked.entry == entry end
  return event.tool == tool and event.decided and event.decided.is == 'permit'
end
local count, last = 0, ''
for _, id in ipairs(ids) do
  local record = redis.call('XRANGE', KEYS[1], id, id)[1]
  local text = record and record[2][2] or ''
  if string.find(text, '"' .. wanted .. '"', 1, true) then
    local ok, event = pcall(cjson.decode, text)
    if ok and isMeant(event) then count, last = count + 1, string.match(id, '^%d+') end
  end
end
return { count, last }
