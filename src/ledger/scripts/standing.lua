-- Behind lease.lua in every script: who asks, and what stands against it.

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
