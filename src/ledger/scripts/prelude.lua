-- Shared by every script of the ledger. KEYS[1] is always "<prefix>:events": all keys of the ledger share one hash
-- tag, so this one key routes a script to the right node of a cluster, and the prefix is read from it.
-- Time is always the store's own (TIME), never a client's.
local prefix = string.sub(KEYS[1], 1, -8)

-- Before this text stands `isEnding`: whether the script ends things. The last argument of every script is not its own:
-- what caused it, as members of a JSON object, or ''. Where a script does several things, each may have a cause of its own.
local causedBy = table.remove(ARGV)

local function key(name) return prefix .. ':' .. name end

-- The tasks of a tree share one chain of tools, beside their root, which those below name in q: in n how many steps were
-- permitted, in k the chain as text. When its own last step was recorded is in r of each task.
local function chainKey(task, root) return key(root or task) end

local function movedFrom(chain, task)
  local found = redis.call('HMGET', chain, 'n', 'k')
  return { 'moved', found[1] or '0', found[2] or '', redis.call('HGET', key(task), 'r') or '0' }
end

-- The same for the whole of a script, as the store has it too.
local nowMs
local function timeMs()
  if not nowMs then
    local t = redis.call('TIME')
    nowMs = t[1] * 1000 + math.floor(t[2] / 1000)
  end
  return nowMs
end

-- Each in its turn, as if it were alone: ARGV holds so many for each of them, from `first` on. Answers with what `act`
-- returned for each, or '!' and why it failed.
local function eachOf(first, count, act)
  local answers = {}
  for i = first, #ARGV, count do
    local ok, answer = pcall(act, unpack(ARGV, i, i + count - 1))
    -- Since Redis 7 what a command throws is a table.
    answers[#answers + 1] = ok and answer or '!' .. (type(answer) == 'table' and answer.err or tostring(answer))
  end
  return answers
end

-- One audit event in the log, or the error of the store. Under the histories it belongs to it is put when it is sealed.
local function write(text)
  local id = redis.pcall('XADD', KEYS[1], '*', 'e', text)
  return type(id) == 'table' and id or nil
end

-- What could not be told when it happened, in its order. Where there is nothing of it, that is known for the whole script.
local allTold = false
local function tellUntold()
  for _ = 1, 1000 do
    if allTold then return end
    local first = redis.call('LINDEX', key('untold'), 0)
    allTold = not first
    if not first or write(first) then return end
    redis.call('LPOP', key('untold'))
  end
end

local function with(text, members) return string.sub(text, 1, -2) .. ',' .. members .. '}' end

-- Tells of a change in the step that makes it. What begins something fails with a log that cannot be written (I1); what
-- ends something does not wait for it (I7): it is told as soon as it can be, with the time it happened.
local function tell(text)
  if causedBy ~= '' then text = with(text, causedBy) end
  if isEnding then tellUntold() end
  local failed = write(text)
  if not failed then return end
  if not isEnding then error(failed) end
  allTold = false
  text = with(text, '"happenedAt":' .. string.format('%.0f', timeMs()))
  redis.call('RPUSH', key('untold'), text)
end

-- What begins something asks this before it changes anything: a script that fails half-way is not undone, and its change
-- would stand without its event. Deletes nothing, and fails where there is no log to be written.
local function mustHaveLog() redis.call('XDEL', KEYS[1], '0-1') end

-- What people outside are to hear of, for the worker to send; in the same step as the change. It is bounded: where no
-- worker has run for that long, the oldest are not sent any more, and the audit log has them.
local function announce(kind, subject)
  redis.call('RPUSH', key('notices'), cjson.encode({ type = kind, subject = subject, at = timeMs() }))
  redis.call('LTRIM', key('notices'), -10000, -1)
end

-- A lease is one string: a small JSON head that changes, a line break, and a JSON body that does not.
-- Head: s state, p provider, o reserved at, e expiresAt, f effect, m mintUntil, u unending, c cause, q revocation
-- requested at, w deny written at, n attempts, l last fault, z ended at, k keep the record for so long after its end,
-- b the withdrawal that it belongs to, y ceilingAt, g mayLiveUntil, x renewed at, j renewals, r a renewal under way
-- {i its id, e the end it asked for, g what g was before}. Body: see lease-record.ts.
--
-- That is how scripts know it. There are many records, so they are short: [state and effect, provider, o, e, {others}].
-- Only o and what is in r are moments; e and those in `sinceReserved` are told from o, y and g from e. y is left out
-- where it is e.
local sinceReserved = { 'm', 'q', 'w', 'z', 'x' }

local function readLease(id)
  local text = redis.call('GET', key(id))
  if not text then return nil end
  local cut = string.find(text, '\n', 1, true)
  if not cut then return nil end
  local ok, short = pcall(cjson.decode, string.sub(text, 1, cut - 1))
  if not ok or type(short) ~= 'table' or type(short[1]) ~= 'string' or not short[4] then return nil end
  local head, reservedAt = short[5] or {}, short[3]
  head.s, head.f = string.sub(short[1], 1, 1), string.sub(short[1], 2)
  head.p, head.o, head.e = short[2], reservedAt, reservedAt + short[4]
  for _, moment in ipairs(sinceReserved) do head[moment] = head[moment] and reservedAt + head[moment] end
  head.y = head.e + (head.y or 0)
  head.g = head.g and head.e + head.g
  return head, string.sub(text, cut + 1)
end

local inPlace = { s = true, f = true, p = true, o = true, e = true }

local function leaseText(head, body)
  local others = {}
  for name, value in pairs(head) do
    if not inPlace[name] then others[name] = value end
  end
  for _, moment in ipairs(sinceReserved) do others[moment] = head[moment] and head[moment] - head.o end
  others.y = head.y ~= head.e and head.y - head.e or nil
  others.g = head.g and head.g - head.e
  local short = { head.s .. head.f, head.p, head.o, head.e - head.o, next(others) and others }
  return cjson.encode(short) .. '\n' .. body
end

-- `keepMs`: how long the record is kept from now on, where that changes.
local function writeLease(id, head, body, keepMs)
  local text = leaseText(head, body)
  if keepMs then redis.call('SET', key(id), text, 'PX', keepMs)
  else redis.call('SET', key(id), text, 'KEEPTTL') end
  return text
end

local effects = {
  r = 'revoked_at_provider', d = 'denied_by_policy', s = 'stops_renewing', e = 'expires_only',
}

-- The latest moment at which the credential can end by itself: until minting is over it may begin as late as that.
-- The same as latestEndOf in lease.ts.
local function latestEnd(head)
  if head.g then return math.max(head.e, head.g) end
  return head.e + (head.m and head.m - head.o or 0)
end

-- The record's end is never later than what was reserved or renewed for; the provider's own may be, by the time that
-- its answer took, and is kept beside it: nothing has expired before that.
local function setEnd(head, promised, said, latest)
  head.e = math.min(promised, said)
  latest = math.max(latest, said)
  head.g = latest > head.e and latest or nil
end

-- Whether a renewal that this store has lost may have carried its end further (y: as far as renewals may carry it).
local function mayHaveMoved(head) return head.s == 'a' and head.y > head.e end

local function isOver(head) return head.s == 'd' or head.s == 'x' end

local function isLive(state) return state ~= nil and state ~= 'd' and state ~= 'x' end

local function taskOf(leaseId) return 'tsk_' .. string.sub(leaseId, 5, 12) end

-- What the ids of a task's leases end with, in its hash: 64 of them in field m, the next 64 in m1, and so on to the field
-- that i tells, so that one more lease writes no more where there are many.
local marksInField = 64
local function fieldOfMarks(i) return i == 0 and 'm' or 'm' .. i end

-- All of them, one after the other; nil when there is no such task.
local function marksOf(task)
  local fields = {}
  for i = 0, tonumber(redis.call('HGET', key(task), 'i') or '0') do table.insert(fields, fieldOfMarks(i)) end
  local marks = redis.call('HMGET', key(task), unpack(fields))
  return marks[1] and table.concat(marks)
end

-- Read only: a script asks for the facts of one lease several times, and they are taken apart once.
local knownBody, knownFacts
local function factsOf(body)
  if body ~= knownBody then
    local ok, facts = pcall(cjson.decode, body)
    knownBody, knownFacts = body, ok and type(facts) == 'table' and facts or {}
  end
  return knownFacts
end

local function agentOf(body) return factsOf(body).a or '' end

local function isReadable(body)
  local facts = factsOf(body)
  return type(facts.a) == 'string' and type(facts.h) == 'table'
end

-- Live leases by provider and state, by agent and catalog entry, and by task (l in its hash, and for a root in u those of
-- all tasks below it), kept as they move so that nobody has to count. What a script comes to is written at its end, like
-- with like.
local counted = { states = {}, live = {}, tasks = {} }
local function count(kind, name, by) counted[kind][name] = (counted[kind][name] or 0) + by end

local function countState(head, to)
  if isLive(head.s) then count('states', head.s .. head.p, -1) end
  if isLive(to) then count('states', to .. head.p, 1) end
  head.s = to
end

local function countLive(agent, entry, by)
  count('live', 'a:' .. agent, by)
  count('live', 'e:' .. entry, by)
end

-- `facts` (a agent, c entry) and `id` are needed where a lease begins to live again, or ends.
local function move(head, to, facts, id)
  local before, now = isLive(head.s), isLive(to)
  countState(head, to)
  if before == now then return end
  local by = now and 1 or -1
  count('tasks', taskOf(id), by)
  countLive(facts.a, facts.c, by)
end

local function writeCounts()
  for field, by in pairs(counted.states) do
    local now = by ~= 0 and redis.call('HINCRBY', key('counts'), field, by)
    -- What had none reserved may be a provider that nobody knows of yet.
    if by > 0 and now == by and string.sub(field, 1, 1) == 'r' then redis.call('SADD', key('providers'), string.sub(field, 2)) end
  end
  for field, by in pairs(counted.live) do
    if by ~= 0 and redis.call('HINCRBY', key('live'), field, by) < 1 then redis.call('HDEL', key('live'), field) end
  end
  for task, by in pairs(counted.tasks) do
    local known = redis.call('HMGET', key(task), 's', 'q')
    if known[1] then redis.call('HINCRBY', key(task), 'l', by) end
    if known[2] and redis.call('EXISTS', key(known[2])) == 1 then redis.call('HINCRBY', key(known[2]), 'u', by) end
  end
  counted = { states = {}, live = {}, tasks = {} }
end

local function tellOfLease(id, body, fields)
  fields.lease = id
  fields.task = taskOf(id)
  fields.agent = agentOf(body)
  tell(cjson.encode(fields))
end

-- Revocations that can be late: those whose provider can do something about it.
local function markOpen(id, head)
  if head.f == 'e' or head.f == 's' then redis.call('ZREM', key('open:' .. head.p), id)
  else redis.call('ZADD', key('open:' .. head.p), head.q, id) end
end

-- From reserved or active to revoking, due at once. A lease already on its way is only hurried.
local function beginRevoking(id, head, body, why, by, requestedAt, dueAt, reason)
  if isOver(head) then return end
  if head.s == 'r' or head.s == 'a' then
    move(head, 'v')
    head.c = why
    head.q = requestedAt
    writeLease(id, head, body)
    markOpen(id, head)
    -- The task remembers it for longer than the lease may be listed.
    if head.k and redis.call('EXISTS', key(taskOf(id))) == 1 then redis.call('HSET', key(taskOf(id)), 'x', 1) end
    tellOfLease(id, body, {
      type = 'lease.revoking', cause = why, by = by, reason = reason ~= '' and reason or nil, withdrawal = head.b,
    })
  end
  redis.call('ZADD', key('due:' .. head.p), dueAt, id)
end

-- Whose session was ended, and when: a token from before that proves nothing any more, and what was delegated waits until
-- whoever delegated it has shown a newer one. A fault code, or nil. Where nothing was ended this is one look.
local noneEnded
local function endedProof(agent, provedAt, task)
  local ended = key('ended-proofs')
  if noneEnded == nil then noneEnded = redis.call('EXISTS', ended) == 0 end
  if noneEnded then return nil end
  local since = redis.call('HGET', ended, agent)
  if since and tonumber(provedAt) <= tonumber(since) then return 'identity.stale' end
  local text = task and redis.call('HGET', key(task), 'b')
  for _, actor in ipairs(text and cjson.decode(text).actors or {}) do
    since = redis.call('HGET', ended, actor.id)
    local shown = since and redis.call('HGET', key('agent:' .. actor.id), 'f')
    if since and tonumber(shown or '0') <= tonumber(since) then return 'delegation.unproven' end
  end
  return nil
end

-- An agent has asked for something: when (t), by which issuer's token (i) of when (f), whose it is (w). For blocks.
-- A person who broke glass asks too, and is no agent: the same facts but for the first, and not in the inventory.
-- Where it is only a moment later, it is not written again.
local function seenAgent(agent, at, issuer, owner, provedAt, isPerson)
  if issuer == '' then return end
  local known = redis.call('HMGET', key('agent:' .. agent), 't', 'i', 'w', 'f')
  local seenAt = tonumber(known[1] or '-inf')
  if not isPerson and at >= seenAt and at - seenAt < 1000 and known[2] == issuer and known[3] == (owner or '')
    and tonumber(known[4]) == tonumber(provedAt or 0) then return end
  local facts = { 'i', issuer, 'w', owner or '', 'f', provedAt or 0 }
  if isPerson then
    redis.call('HSET', key('agent:' .. agent), unpack(facts))
  elseif redis.call('HSET', key('agent:' .. agent), 't', at, unpack(facts)) > 0 then
    redis.call('SADD', key('agents'), agent)
  end
end

-- The names of all blocks that would stand against an agent, a provider, an entry (or '' for each) and a task. What was
-- delegated hangs from the agents and the tasks above it: what stands against one of those stands against it. `as`, where
-- nothing is written: the agent, and the issuer and owner that it would be seen with.
local function blocksAgainst(agent, provider, entry, task, as)
  local names = { 'all:', 'provider:' .. provider, 'entry:' .. entry }
  local function against(id)
    local known = redis.call('HMGET', key('agent:' .. id), 'i', 'w')
    if as and as.agent == id then known = { as.issuer or known[1], as.owner } end
    for _, name in ipairs({
      'disabled:' .. id, 'agent:' .. id, 'owner:' .. (known[2] or ''), 'issuer:' .. (known[1] or ''),
    }) do table.insert(names, name) end
  end
  against(agent)
  local above, isFirst = task, true
  while above do
    table.insert(names, 'task:' .. above)
    local text = redis.call('HGET', key(above), 'b')
    local body = text and cjson.decode(text) or {}
    for _, actor in ipairs(isFirst and body.actors or {}) do against(actor.id) end
    above, isFirst = body.parent, false
  end
  return names
end

-- Whether nothing is blocked at all: one look in a script.
local noBlocks
local function isUnblocked()
  if noBlocks == nil then noBlocks = redis.call('EXISTS', key('blocks')) == 0 end
  return noBlocks
end

-- What keeps an operator's "no" from being overtaken: the name of a block that stands against it, or nil.
local function blockOf(agent, provider, entry, task, as)
  if isUnblocked() then return nil end
  local names = blocksAgainst(agent, provider, entry, task, as)
  local blocks = redis.call('HMGET', key('blocks'), unpack(names))
  for i, name in ipairs(names) do
    if blocks[i] then return name end
  end
  return nil
end

-- How far the withdrawal is that a lease belongs to (b); it may be forgotten before its last lease is over.
local function tally(head, field, by)
  if head.b and redis.call('EXISTS', key(head.b)) == 1 then redis.call('HINCRBY', key(head.b), field, by) end
end
