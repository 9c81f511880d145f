-- Some leases of a withdrawal begin to end. Whose end was asked for before is counted with it when 'all' is said, and is
-- otherwise left alone; a lease counts for the first withdrawal that took it.
-- ARGV: withdrawal id, 'all' | 'live', cause, by, then for each: lease id, reason
-- RETURNS: how many it took
local withdrawal, at, taken = ARGV[1], timeMs(), 0
for i = 5, #ARGV, 2 do
  local id = ARGV[i]
  local head, body = readLease(id)
  local isLiving = head and (head.s == 'r' or head.s == 'a')
  if head and not isOver(head) and not head.b and (isLiving or ARGV[2] == 'all') then
    head.b = withdrawal
    if isLiving then beginRevoking(id, head, body, ARGV[3], ARGV[4], at, at, ARGV[i + 1]) else writeLease(id, head, body) end
    if head.s == 'k' then tally(head, 'stuck', 1) end
    taken = taken + 1
  end
end
if redis.call('EXISTS', key(withdrawal)) == 1 then redis.call('HINCRBY', key(withdrawal), 'total', taken) end
return taken
