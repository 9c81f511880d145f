-- Behind the text of every script, which is `act`. What it has counted is written even when it fails: some of what it did
-- may stand.
local ok, answer = pcall(act)
writeCounts()
if not ok then error(answer, 0) end
return answer
