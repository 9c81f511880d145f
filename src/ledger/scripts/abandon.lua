-- Minting failed, but a credential may exist: take back whatever there is, now.
-- ARGV: lease id, fault, settled (1 when minting is certainly over)
-- RETURNS: 1, or 0 when the lease is not known
local id = ARGV[1]
local head, body = readLease(id)
if not head then return 0 end
if isOver(head) then return 1 end
local at = timeMs()
if ARGV[3] == '1' and head.m and not head.r then
  head.e = at + head.e - head.o
  head.m = nil
end
writeLease(id, head, body)
tellOfLease(id, body, { type = 'lease.mint_failed', fault = ARGV[2] })
beginRevoking(id, head, body, 'mint_unresolved', 'broker', at, at)
return 1
