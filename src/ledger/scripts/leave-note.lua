-- ARGV: provider and kind, group, epoch, note JSON
-- RETURNS: 1, or 0 when a note of a higher epoch is there
local notes = key('notes:' .. ARGV[1])
local there = redis.call('HGET', notes, ARGV[2])
if there and cjson.decode(there).epoch > tonumber(ARGV[3]) then return 0 end
redis.call('HSET', notes, ARGV[2], ARGV[4])
return 1
