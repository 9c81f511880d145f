-- A renewal failed at the provider. The lease is what it was, and ends when it would have ended.
-- ARGV: lease id, renewal id, fault, 1 when it is certainly over, 1 when the lease is to be taken back, provider's end ms
--       or 0
-- RETURNS: 1, or 0 when there is no such renewal any more
local id = ARGV[1]
local head, body = readLease(id)
if not head or isOver(head) or not head.r or head.r.i ~= ARGV[2] then return 0 end
local at = timeMs()
head.g = math.max(latestEnd(head), tonumber(ARGV[6]))
-- How late the credential may live stays as it was feared: a refusal is no proof that nothing was done.
if ARGV[4] == '1' then head.m, head.r = nil, nil end
writeLease(id, head, body)
tellOfLease(id, body, { type = 'lease.renew_failed', fault = ARGV[3] })
if ARGV[5] == '1' or head.s ~= 'a' then beginRevoking(id, head, body, 'mint_unresolved', 'broker', at, at, ARGV[3]) end
return 1
