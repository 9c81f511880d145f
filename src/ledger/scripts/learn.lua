-- ARGV: lease id, new body JSON
-- RETURNS: 1, or 0 when the lease is over or not known: then nobody would come for what the new handle names
local head = readLease(ARGV[1])
if not head or isOver(head) then return 0 end
writeLease(ARGV[1], head, ARGV[2])
return 1
