-- How each lease stands, for whoever has found something that names it.
-- ARGV: lease id ...
-- RETURNS: {'live' | 'over' | 'quarantined' | 'unknown' ...}
local answer = {}
for _, id in ipairs(ARGV) do
  local head = readLease(id)
  local is = head and (isOver(head) and 'over' or 'live') or 'unknown'
  if redis.call('ZSCORE', key('quarantine'), id) then is = 'quarantined'
  elseif not head and redis.call('EXISTS', key(id)) == 1 then is = 'live' end
  table.insert(answer, is)
end
return answer
