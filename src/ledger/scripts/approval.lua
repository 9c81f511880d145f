-- Behind prelude.lua, where what a person has approved is used.

-- Why the approval {id, digest} is not good for this agent, or nil and until when it is. It is used once; `before` is
-- what this takes the place of, and may have used it: the request is a retry of one whose answer was lost.
local function approvalFault(approval, agent, at, before)
  local found = redis.call('HMGET', key(approval.id), 's', 'a', 'g', 'u', 'l')
  if not found[1] or found[2] ~= agent then return 'approval.unverifiable' end
  if found[3] ~= approval.digest then return 'approval.out_of_scope' end
  if found[1] == 'u' and not (before and found[5] == before) then return 'approval.used' end
  if found[1] == 'p' then return 'approval.pending' end
  if found[1] == 'd' then return 'approval.denied' end
  if found[1] == 'c' or found[1] == 'r' then return 'approval.revoked' end
  if found[1] == 'x' or tonumber(found[4]) <= at then return 'approval.expired' end
  return nil, tonumber(found[4])
end

local function useApproval(approval, by, at)
  redis.call('HSET', key(approval.id), 's', 'u', 'l', by, 'z', at)
  redis.call('DEL', key('ask:' .. approval.digest))
  redis.call('ZREM', key('approved-approvals'), approval.id)
end
