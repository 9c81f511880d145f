-- The fence (I4), and every lease of the task made due, in one step.
-- ARGV: task id, outcome, by, via, event
-- RETURNS: false | {'ended' or 'already', provider ...}
local id, by = ARGV[1], ARGV[3]
local task = redis.call('HMGET', key(id), 's', 'a')
if not task[1] then return false end
if task[1] == 'e' then return { 'already' } end
local at = timeMs()
redis.call('HSET', key(id), 's', 'e', 'z', at, 'w', by, 'v', ARGV[4], 'c', ARGV[2])
tell(ARGV[5], id, task[2])
local answer, known = { 'ended' }, {}
local mark = string.sub(id, 5)
for suffix in string.gmatch(marksOf(id), '......') do
  local lease = 'lse_' .. mark .. suffix
  local head, body = readLease(lease)
  if head and not isOver(head) then
    beginRevoking(lease, head, body, 'task_end', by, at, at)
    if not known[head.p] then
      known[head.p] = true
      table.insert(answer, head.p)
    end
  end
end
return answer
