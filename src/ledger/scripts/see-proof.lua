-- A proof of possession is taken once (RFC 9449 section 11.1), and where nonces are asked for, with one of these two:
-- that of this period, or of the one before. All processes share them.
-- ARGV: name of the proof, keep ms, period of a nonce in ms or 0, a new nonce, the nonce in the proof
-- RETURNS: {1 when the nonce holds, the nonce of now or '', 1 when the proof was not seen before}
local periodMs = tonumber(ARGV[3])
local nonce = ''
if periodMs > 0 then
  local period = math.floor(timeMs() / periodMs)
  local name = key('nonce:' .. period)
  redis.call('SET', name, ARGV[4], 'NX', 'PX', 2 * periodMs)
  nonce = redis.call('GET', name)
  if ARGV[5] ~= nonce and ARGV[5] ~= redis.call('GET', key('nonce:' .. period - 1)) then return { 0, nonce, 1 } end
end
local isFirst = redis.call('SET', key('proof:' .. ARGV[1]), '1', 'NX', 'PX', ARGV[2])
return { 1, nonce, isFirst and 1 or 0 }
