-- The fence (I4) of a task and of every task below it, and every lease of them made due, in one step: those furthest down
-- first (REV-05). How many tasks there are in a tree is bounded when they are delegated.
-- ARGV: task id, outcome, by, via, event
-- RETURNS: false | {'already'} | {'ended', {provider ...}, {id of a task below that was open ...}, questions taken back}
local id, by = ARGV[1], ARGV[3]
if redis.call('HGET', key(id), 's') == false then return false end
if redis.call('HGET', key(id), 's') == 'e' then return { 'already', {}, {}, 0 } end
local at = timeMs()
local providers, known, below, takenBack = {}, {}, {}, 0

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

-- Nobody is to answer what can no longer be used.
local function takeBackQuestions(task)
  for _, approval in ipairs(redis.call('SMEMBERS', key('questions:' .. task))) do
    local facts = redis.call('HMGET', key(approval), 's', 't', 'u', 'a', 'g')
    local waits = facts[1] == 'p' and tonumber(facts[2]) > at
    if waits or facts[1] == 'a' and tonumber(facts[3]) > at then
      redis.call('HSET', key(approval), 's', 'c', 'z', at, 'c', 'task_end')
      if redis.call('GET', key('ask:' .. facts[5])) == approval then redis.call('DEL', key('ask:' .. facts[5])) end
      redis.call('ZREM', key('pending-approvals'), approval)
      redis.call('ZREM', key('approved-approvals'), approval)
      redis.call('ZREM', key('pending-approvals:' .. facts[4]), approval)
      tell(cjson.encode({
        type = 'approval.cancelled', approval = approval, task = task, agent = facts[4], by = by, cause = 'task_end',
      }))
      takenBack = takenBack + 1
    end
  end
  redis.call('DEL', key('questions:' .. task))
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
  tell(event)
  takeBackQuestions(task)
  endLeases(task, at - depth)
end

fence(id, 0, ARGV[2], ARGV[4], ARGV[5])
return { 'ended', providers, below, takenBack }
