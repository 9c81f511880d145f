-- Behind prelude.lua in every script: the record of a lease, what is counted of them, and how one begins to end.

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

-- How far the withdrawal is that a lease belongs to (b); it may be forgotten before its last lease is over.
local function tally(head, field, by)
  if head.b and redis.call('EXISTS', key(head.b)) == 1 then redis.call('HINCRBY', key(head.b), field, by) end
end
