-- ARGV: lease id, cause, by, reason or ''
-- RETURNS: the lease's text, or false
local head, body = readLease(ARGV[1])
if not head then return false end
local at = timeMs()
beginRevoking(ARGV[1], head, body, ARGV[2], ARGV[3], at, at, ARGV[4])
return leaseText(head, body)
