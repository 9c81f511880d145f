-- Leases that are not over and are missing from the index of due leases are put back into it: task by task, the latest
-- first, as far back as there are tasks. What is opened meanwhile moves the others back, so none is passed over.
-- ARGV: how many tasks were looked at before, how many to look at
-- RETURNS: {how many were looked at now, or '' when there are no more; the leases that were put back}
tellUntold()
local from, atOnce = tonumber(ARGV[1]), tonumber(ARGV[2])
local tasks = redis.call('ZREVRANGE', key('tasks'), from, from + atOnce - 1)
local at, remembered, mended = timeMs(), false, {}

local function look(id)
  local head, body = readLease(id)
  if not head or isOver(head) or redis.call('ZSCORE', key('due:' .. head.p), id) then return end
  if redis.call('ZSCORE', key('quarantine'), id) then return end
  local dueAt = head.s == 'a' and head.e or head.s == 'r' and math.min(head.e, head.m or head.e) or at
  redis.call('ZADD', key('due:' .. head.p), dueAt, id)
  redis.call('SADD', key('providers'), head.p)
  if head.q then markOpen(id, head) end
  tellOfLease(id, body, { type = 'lease.reindexed', provider = head.p })
  table.insert(mended, id)
end

for _, task in ipairs(tasks) do
  local marks = marksOf(task)
  remembered = remembered or marks
  for mark in string.gmatch(marks or '', '......') do look('lse_' .. string.sub(task, 5) .. mark) end
end
return { (#tasks == atOnce and remembered) and tostring(from + #tasks) or '', unpack(mended) }
