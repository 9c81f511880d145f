-- Taken back by its requester (c), or by an operator (r): before it was answered, before it was used, or after, where a
-- lease or a sub-task was had by it; a tool that was called cannot be called back.
-- ARGV: approval id, 'c' | 'r', event, by whom and why as JSON, 'unused' where one that was used stays as it is, or ''
-- RETURNS: 1, or false when it is over already
local id, to = ARGV[1], ARGV[2]
local facts = redis.call('HMGET', key(id), 's', 't', 'u', 'a', 'k', 'g', 'l')
local at = timeMs()
local open = facts[1] == 'p' and tonumber(facts[2]) > at or facts[1] == 'a' and tonumber(facts[3]) > at
local had = facts[7] and string.sub(facts[7], 1, 4)
local mayTakeUsed = to == 'r' and facts[1] == 'u' and (had == 'lse_' or had == 'tsk_') and ARGV[5] ~= 'unused'
if not open and not mayTakeUsed then return false end
redis.call('HSET', key(id), 's', to, 'z', at, 'w', ARGV[4])
if redis.call('GET', key('ask:' .. facts[6])) == id then redis.call('DEL', key('ask:' .. facts[6])) end
redis.call('ZREM', key('pending-approvals'), id)
redis.call('ZREM', key('approved-approvals'), id)
redis.call('ZREM', key('pending-approvals:' .. facts[4]), id)
if facts[5] ~= '' then redis.call('SREM', key('questions:' .. facts[5]), id) end
tell(ARGV[3])
return 1
