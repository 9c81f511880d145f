-- Shared by every script of the ledger. KEYS[1] is always "<prefix>:events": all keys of the ledger share one hash
-- tag, so this one key routes a script to the right node of a cluster, and the prefix is read from it.
-- Time is always the store's own (TIME), never a client's.
local prefix = string.sub(KEYS[1], 1, -8)

-- Before this text stands `isEnding`: whether the script ends things; one that may do either says which it does. The last
-- argument of every script is not its own: what caused it, as members of a JSON object, or ''. Where a script does several
-- things, each may have a cause of its own.
local causedBy = table.remove(ARGV)

local function key(name) return prefix .. ':' .. name end

-- The tasks of a tree share one chain of tools, beside their root, which those below name in q: in n how many steps were
-- permitted, in k the chain as text. When its own last step was recorded is in r of each task.
local function chainKey(task, root) return key(root or task) end

local function movedFrom(chain, task)
  local found = redis.call('HMGET', chain, 'n', 'k')
  return { 'moved', found[1] or '0', found[2] or '', redis.call('HGET', key(task), 'r') or '0' }
end

-- The link that seals an event: its seq, its hash and the hash before it; nil where there is none. Many stand together
-- under the id of the last of them: the hash before the first, and behind it a line for each, "id seq hash". What is read
-- one after the other is mostly in the same.
local knownLinks = ''
local function linkOf(id)
  local from, to = string.find(knownLinks, '\n' .. id .. ' ', 1, true)
  if not from then
    local block = redis.call('XRANGE', key('chain'), id, '+', 'COUNT', 1)[1]
    if not block then return nil end
    knownLinks = block[2][2]
    from, to = string.find(knownLinks, '\n' .. id .. ' ', 1, true)
  end
  if not from then return nil end
  local seq, hash = string.match(knownLinks, '^(%d+) (%x+)', to + 1)
  return seq and { seq = seq, hash = hash, previous = string.sub(knownLinks, from - 64, from - 1) }
end

-- The same for the whole of a script, as the store has it too.
local nowMs
local function timeMs()
  if not nowMs then
    local t = redis.call('TIME')
    nowMs = t[1] * 1000 + math.floor(t[2] / 1000)
  end
  return nowMs
end

-- Each in its turn, as if it were alone: ARGV holds so many for each of them, from `first` on. Answers with what `act`
-- returned for each, or '!' and why it failed.
local function eachOf(first, count, act)
  local answers = {}
  for i = first, #ARGV, count do
    local ok, answer = pcall(act, unpack(ARGV, i, i + count - 1))
    -- Since Redis 7 what a command throws is a table.
    answers[#answers + 1] = ok and answer or '!' .. (type(answer) == 'table' and answer.err or tostring(answer))
  end
  return answers
end

-- One audit event in the log, or the error of the store. Under the histories it belongs to it is put when it is sealed.
local function write(text)
  local id = redis.pcall('XADD', KEYS[1], '*', 'e', text)
  return type(id) == 'table' and id or nil
end

-- What could not be told when it happened, in its order. Where there is nothing of it, that is known for the whole script.
local allTold = false
local function tellUntold()
  for _ = 1, 1000 do
    if allTold then return end
    local first = redis.call('LINDEX', key('untold'), 0)
    allTold = not first
    if not first or write(first) then return end
    redis.call('LPOP', key('untold'))
  end
end

local function with(text, members) return string.sub(text, 1, -2) .. ',' .. members .. '}' end

-- Tells of a change in the step that makes it. What begins something fails with a log that cannot be written (I1); what
-- ends something does not wait for it (I7): it is told as soon as it can be, with the time it happened.
local function tell(text)
  if causedBy ~= '' then text = with(text, causedBy) end
  if isEnding then tellUntold() end
  local failed = write(text)
  if not failed then return end
  if not isEnding then error(failed) end
  allTold = false
  text = with(text, '"happenedAt":' .. string.format('%.0f', timeMs()))
  redis.call('RPUSH', key('untold'), text)
end

-- What begins something asks this before it changes anything: a script that fails half-way is not undone, and its change
-- would stand without its event. Neither command changes anything. The first is refused by a full store, which looks
-- whether it is full only until a script writes; the second fails where there is no log to be written.
local function mustHaveLog()
  redis.call('LPUSHX', key('never'), '')
  redis.call('XDEL', KEYS[1], '0-1')
end

-- What people outside are to hear of, for the worker to send; in the same step as the change. It is bounded: where no
-- worker has run for that long, the oldest are not sent any more, and the audit log has them.
local function announce(kind, subject)
  redis.call('RPUSH', key('notices'), cjson.encode({ type = kind, subject = subject, at = timeMs() }))
  redis.call('LTRIM', key('notices'), -10000, -1)
end
