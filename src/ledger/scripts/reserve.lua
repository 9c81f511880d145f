-- Reservations, one after the other, each as if it were alone. Reservation and fence are one decision (I4); the lease is
-- durable, with its handle and its end, before anything is minted (I2).
-- ARGV: how many ms an idempotency key is kept, then for each four:
--       body JSON, event, what is asked for as JSON (see reserve-conditions.ts), what caused it
-- RETURNS: for each 'now expiresAt mintUntil', or as JSON ["moved", count, chain, time] | ["taken"]
--          | [fault code, what of it, ms to wait], or '!' and why it failed
mustHaveLog()

local function liveOf(field) return tonumber(redis.call('HGET', key('live'), field) or '0') end

local function boundReached(asked)
  if asked.ofAgent or asked.ofEntry or asked.inAll then writeCounts() end
  if asked.ofAgent and liveOf('a:' .. asked.agent) >= asked.ofAgent then return 'agent' end
  if asked.ofEntry and liveOf('e:' .. asked.entry) >= asked.ofEntry then return 'entry' end
  if not asked.inAll then return nil end
  local all = 0
  for _, count in ipairs(redis.call('HVALS', key('counts'))) do all = all + tonumber(count) end
  return all >= asked.inAll and 'all' or nil
end

-- The lease that was reserved with this idempotency key before: its id, and {head, body} while it is known; or a fault.
local function reservedBefore(idem, digest, at)
  local seen = redis.call('HMGET', idem, 'digest', 'id')
  if seen[1] and seen[1] ~= digest then return nil, nil, 'idempotency.reused' end
  if not seen[2] then return nil end
  local head, body = readLease(seen[2])
  if head and head.s == 'r' and head.m and at < head.m then return nil, nil, 'idempotency.in_flight' end
  return seen[2], head and { head, body }
end

-- What this lease takes the place of, where it is had again because its answer was lost: what a person, a policy or its
-- own agent has ended since is not had again by the same approval.
local lost = { mint_unresolved = true, superseded = true }
local function replacedBy(seenId, superseded)
  return superseded and (not superseded[1].c or lost[superseded[1].c]) and seenId or nil
end

-- Token buckets, each kept as the moment when it is full again. All have to let it pass before any is charged.
local function chargeRates(rates, agent, task, entry, at)
  local charged = {}
  for _, rate in ipairs(rates) do
    local of, most, withinMs = rate[1], rate[2], rate[3]
    local name = key('rate:' .. of .. ':' .. (of == 'agent' and agent or of == 'task' and task or entry))
    local fullAt = math.max(at, tonumber(redis.call('GET', name) or '0')) + withinMs / most
    local waitMs = fullAt - at - withinMs
    if waitMs >= 1 then return { 'quota.issue_rate', of, math.ceil(waitMs) } end
    charged[name] = fullAt
  end
  for name, fullAt in pairs(charged) do
    redis.call('SET', name, string.format('%.3f', fullAt), 'PX', math.ceil(fullAt - at))
  end
end

-- What stands in the task's hash of one more live lease, `facts` being what stood there: how many there are, and the end
-- of its id among the others'. One write.
local function addToTask(task, facts, id, proved)
  local i = tonumber(facts.i or '0')
  local marks = i == 0 and facts.m or redis.call('HGET', key(task), fieldOfMarks(i)) or ''
  local written = { 'l', tonumber(facts.l or '0') + 1 }
  local function also(field, value)
    written[#written + 1] = field
    written[#written + 1] = value
  end
  if #marks >= marksInField * 6 then
    i, marks = i + 1, ''
    also('i', i)
  end
  also(fieldOfMarks(i), marks .. string.sub(id, 13))
  if proved ~= (facts.p or '') then also('p', proved) end
  redis.call('HSET', key(task), unpack(written))
end

local taskFields = { 's', 'd', 'a', 'l', 'n', 'p', 'q', 'u', 'i', 'm' }
local function factsOfTask(task)
  local facts = {}
  for i, value in ipairs(redis.call('HMGET', key(task), unpack(taskFields))) do facts[taskFields[i]] = value or nil end
  return facts
end

local function reserve(body, event, text, cause)
  causedBy = cause
  local asked = cjson.decode(text)
  local id, task, agent, provider, entry = asked.id, taskOf(asked.id), asked.agent, asked.provider, asked.entry
  if asked.mustHold and #redis.call('XRANGE', KEYS[1], asked.mustHold, asked.mustHold) == 0 then
    return { 'state.rolled_back' }
  end
  local facts = factsOfTask(task)
  if not facts.s or facts.a ~= agent then return { 'task.unknown' } end
  local at = timeMs()
  if facts.s ~= 'o' or tonumber(facts.d) <= at then return { 'task.ended' } end
  local root = facts
  if facts.q then
    local found = redis.call('HMGET', key(facts.q), 'n', 'l', 'u', 's')
    root = { n = found[1], l = found[2], u = found[3], s = found[4] }
  end
  if asked.chain and asked.chain ~= tonumber(root.n or '0') then return movedFrom(chainKey(task, facts.q), task) end
  if asked.step then
    local step = redis.call('HGET', key('steps:' .. task), asked.step)
    local taken = step and cjson.decode(string.match(step, ' (.*)'))
    if not taken or taken.decision ~= 'permit' or taken.tool ~= asked.tool then return { 'step.unknown' } end
  end
  if redis.call('EXISTS', key(id)) == 1 then return { 'taken' } end
  local unproven = endedProof(agent, asked.provedAt or 0, task)
  if unproven then return { unproven } end
  -- Seen, and as whom; the same step looks whether an operator has blocked it, so that nothing overtakes the block.
  seenAgent(agent, at, asked.issuer or '', asked.owner, asked.provedAt, asked.isPerson)
  local block = blockOf(agent, provider, entry, task)
  if block then return { 'blocked', block } end

  local idem, seenId, superseded, fault = asked.key and key('idem:' .. asked.key)
  if idem then seenId, superseded, fault = reservedBefore(idem, asked.digest, at) end
  if fault then return { fault } end
  if asked.ofTask and tonumber(facts.l or '0') >= asked.ofTask then return { 'task.full' } end
  if asked.ofTree and tonumber(root.l or '0') + tonumber(root.u or '0') >= asked.ofTree then return { 'task.full' } end
  local bound = boundReached(asked)
  if bound then return { 'lease.limit', bound } end
  local approvedUntil = math.huge
  if asked.approval then
    fault, approvedUntil = approvalFault(asked.approval, agent, at, replacedBy(seenId, superseded))
    if fault then return { fault } end
  end
  local tooFast = asked.rates and chargeRates(asked.rates, agent, task, entry, at)
  if tooFast then return tooFast end
  if asked.approval then useApproval(asked.approval, id, at) end
  if idem then
    if superseded then
      beginRevoking(seenId, superseded[1], superseded[2], 'superseded', agent, at, at)
    end
    redis.call('HSET', idem, 'digest', asked.digest, 'id', id)
    redis.call('PEXPIRE', idem, ARGV[1])
  end

  local expiresAt, mintUntil = math.min(at + asked.ttlMs, approvedUntil), at + asked.mintMs
  local head = {
    p = provider, o = at, e = expiresAt, m = mintUntil, f = asked.effect, k = asked.keepMs, y = at + asked.ceilingMs,
  }
  countState(head, 'r')
  countLive(agent, entry, 1)
  addToTask(task, facts, id, asked.proof or '')
  if facts.q and root.s then redis.call('HINCRBY', key(facts.q), 'u', 1) end
  redis.call('SET', key(id), leaseText(head, body))
  redis.call('ZADD', key('due:' .. provider), math.min(expiresAt, mintUntil), id)
  for _, roster in ipairs(asked.rosters or {}) do
    redis.call('ZADD', key('roster:' .. provider .. ':' .. roster), mintUntil, id)
    redis.call('SADD', key('rosters:' .. provider), roster)
  end
  tell(event)
  return string.format('%.0f %.0f %.0f', at, expiresAt, mintUntil)
end

return eachOf(2, 4, function(...)
  local answer = reserve(...)
  return type(answer) == 'table' and cjson.encode(answer) or answer
end)
