-- What would stand against asking, were it asked now; nothing is written.
-- ARGV: agent, provider, entry ('' for each that is not asked for), task id or '',
--       the agent that would be delegated to or '',
--       issuer of the agent's token, or '' for the one it was last seen with; its owner
-- RETURNS: the name of a block, a fault code, or ''
local task = ARGV[4] ~= '' and ARGV[4] or nil
local as = { agent = ARGV[1], issuer = ARGV[6] ~= '' and ARGV[6] or nil, owner = ARGV[7] }
local block = blockOf(ARGV[1], ARGV[2], ARGV[3], task, as)
if not block and ARGV[5] ~= '' then block = blockOf(ARGV[5], '', '', task, as) end
return block or endedProof(ARGV[1], math.huge, task) or ''
