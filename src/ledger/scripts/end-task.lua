-- The fence (I4) of a task and of every task below it, and every lease of them made due, in one step: those furthest down
-- first (REV-05). How many tasks there are in a tree is bounded when they are delegated.
-- ARGV: task id, outcome, by, via, event
-- RETURNS: false | {'already'} | {'ended', {provider ...}, {id of a task below that was open ...}}
local id, by = ARGV[1], ARGV[3]
if redis.call('HGET', key(id), 's') == false then return false end
if redis.call('HGET', key(id), 's') == 'e' then return { 'already', {}, {} } end
local at = timeMs()
local providers, known, below = {}, {}, {}

local function endLeases(task, dueAt)
  local mark = string.sub(task, 5)
  for suffix in string.gmatch(marksOf(task), '......') do
    local lease = 'lse_' .. mark .. suffix
    local head, body = readLease(lease)
    if head and not isOver(head) then
      beginRevoking(lease, head, body, 'task_end', by, at, dueAt)
      if not known[head.p] then
        known[head.p] = true
        table.insert(providers, head.p)
      end
    end
  end
end

local function fence(task, depth, outcome, via, event)
  redis.call('HSET', key(task), 's', 'e', 'z', at, 'w', by, 'v', via, 'c', outcome)
  local agent = redis.call('HGET', key(task), 'a')
  event = event or cjson.encode({
    type = 'task.ended', task = task, agent = agent, by = by, via = via, outcome = outcome,
  })
  for mark in string.gmatch(redis.call('HGET', key(task), 'h') or '', '........') do
    local child = 'tsk_' .. mark
    if redis.call('HGET', key(child), 's') == 'o' then
      table.insert(below, child)
      fence(child, depth + 1, 'cancelled', 'parent:' .. task)
    end
  end
  tell(event, task, agent)
  endLeases(task, at - depth)
end

fence(id, 0, ARGV[2], ARGV[4], ARGV[5])
return { 'ended', providers, below }
