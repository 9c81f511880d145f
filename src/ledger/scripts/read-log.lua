-- Sealed records, oldest first: of one subject, or all.
-- ARGV: subject or '', where to go on (an index of the subject's history, or an event id; '' for the start), limit
-- A record that is not sealed yet ends the page, which then goes on with it.
-- RETURNS: {next or '', id of the chain, then for each record: event id, event, seq, hash, previous hash}
local function isLater(id, than)
  if not than then return true end
  local ms, n = string.match(id, '(%d+)-(%d+)')
  local thanMs, thanN = string.match(than, '(%d+)-(%d+)')
  if ms ~= thanMs then return tonumber(ms) > tonumber(thanMs) end
  return tonumber(n) > tonumber(thanN)
end

local subject, from, limit = ARGV[1], ARGV[2], tonumber(ARGV[3])
local ids, following = {}, ''
if subject ~= '' then
  local start = tonumber(from) or 0
  ids = redis.call('LRANGE', key('log:' .. subject), start, start + limit - 1)
  if #ids == limit then following = tostring(start + limit) end
else
  local entries = redis.call('XRANGE', KEYS[1], from == '' and '-' or '(' .. from, '+', 'COUNT', limit)
  for _, entry in ipairs(entries) do table.insert(ids, entry[1]) end
  if #ids == limit then following = ids[#ids] end
end
local answer = { following, redis.call('HGET', key('head'), 'chain') or '' }
local sealed = redis.call('HGET', key('head'), 'id')
for i, id in ipairs(ids) do
  local event = redis.call('XRANGE', KEYS[1], id, id)[1]
  local link = linkOf(id)
  if event and not link and isLater(id, sealed) then
    answer[1] = subject ~= '' and tostring((tonumber(from) or 0) + i - 1) or ids[i - 1] or from
    break
  end
  if event and link then
    for _, part in ipairs({ id, event[2][2], link.seq, link.hash, link.previous }) do
      table.insert(answer, part)
    end
  end
end
return answer
