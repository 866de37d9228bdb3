// Each script runs as one step on the server. All that Redis knows of one identity is in one hash, so it is evicted,
// lost or kept as a whole:
//
//   value, version, ends             the value, and the version of the last value that was set or deleted
//   failure, failed, waits, kept     the last failure, its version, until when it waits and counts
//   holder, lease, until, awaited    who may renew, the number of the last lease, its end, whether somebody waits
//
// Times are milliseconds of the server's clock. Versions are numbers of leases: microseconds of that clock, but always
// greater than those before.

/** How long a record outlives its last version, seconds. An older lease sets nothing. */
const FENCE_SECONDS = 3_600

/** ARGV of every script begins with: publish command, channel, sender, key. */
const START = `
local time = redis.call('TIME')
local micros = time[1] * 1000000 + time[2]
local now = math.floor(micros / 1000)
local publishing, channel, sender, key = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local fields = redis.pcall('HMGET', KEYS[1], 'version', 'ends', 'failed', 'waits', 'kept', 'holder', 'lease', 'until', 'awaited')
if fields.err then
  -- Anything else is told to the client, such as a right that is missing.
  if string.sub(fields.err, 1, 9) ~= 'WRONGTYPE' then return fields end
  redis.call('DEL', KEYS[1])
  fields = {}
end
local version = tonumber(fields[1] or 0)
local ends = tonumber(fields[2] or 0)
local kept = tonumber(fields[5] or 0)
local holder = fields[6]
local number = tonumber(fields[7] or 0)
local held = tonumber(fields[8] or 0)
local awaited = fields[9]
local function text(whole) return string.format('%.0f', whole) end
local function tell(change, result)
  local message = sender .. ' ' .. change .. ' ' .. key
  if result then message = message .. result end
  redis.pcall(publishing, channel, message)
end
local function keep()
  local fenced = math.floor(math.max(version, number) / 1000) + ${FENCE_SECONDS * 1_000}
  redis.call('PEXPIREAT', KEYS[1], text(math.max(fenced, ends, kept, held)))
end
local function next_version() return math.max(micros, version + 1, number + 1) end
local function free(lease)
  if number ~= lease or not holder then return false end
  -- A lease ends even if one of the two rights is missing.
  if not tonumber(redis.pcall('HDEL', KEYS[1], 'holder', 'until', 'awaited')) then
    redis.call('HSET', KEYS[1], 'until', '0')
  end
  held = 0
  return awaited
end
local function is_fenced(lease) return version > lease or micros - lease > ${FENCE_SECONDS * 1_000_000} end
`

/**
 * ARGV unwanted, isRefused, failure, holder, leaseMs. Returns what it found, the time, and the members of that: a
 * value, a failure, a lease, `held` or `none`.
 */
export const TAKE_SCRIPT = `${START}
local unwanted, refused, wish, asker, lease_ms = ARGV[5], ARGV[6], ARGV[7], ARGV[8], ARGV[9]
if wish == 'forgiven' and fields[3] then
  redis.call('HDEL', KEYS[1], 'failure', 'failed', 'waits', 'kept')
  fields[3], kept = false, 0
  keep()
  tell('forgiven')
end
if ends > now and fields[1] ~= unwanted then
  return {'value', now, fields[1], ends, redis.call('HGET', KEYS[1], 'value')}
end
local failed = kept > now and fields[3]
local waits = tonumber(fields[4] or 0)
if failed and waits > now and wish == '' then
  return {'failure', now, failed, waits, redis.call('HGET', KEYS[1], 'failure')}
end
local is_held = holder and held > now and holder ~= asker
if refused == '1' and ends > 0 and fields[1] == unwanted and not is_held then
  redis.call('HDEL', KEYS[1], 'value', 'ends')
  ends = 0
  tell('deleted')
end
if asker == '' then return {'none', now} end
if is_held then
  if not awaited then redis.pcall('HSET', KEYS[1], 'awaited', '1') end
  -- Nobody listens there. It shows whether this user may tell others, and so probably whether the holder may.
  local probe = redis.pcall(publishing, channel .. ':probe', '')
  return {'held', now, held, tonumber(probe) and 'heard' or 'mute'}
end
number = next_version()
held = now + tonumber(lease_ms)
redis.call('HSET', KEYS[1], 'lease', text(number))
keep()
local granted = {'lease', now, text(number)}
if failed then granted = {'lease', now, text(number), failed, waits, redis.call('HGET', KEYS[1], 'failure')} end
-- Last, so that a script that fails leaves no lease behind.
redis.call('HSET', KEYS[1], 'holder', asker, 'until', text(held))
return granted`

/** The end of a lease with a result. Those who wait get it, even if the holder has asked for another lease meanwhile. */
const UNDER_LEASE = `${START}
local lease = tonumber(ARGV[5])
local function result_at(time) return awaited and (' ' .. ARGV[5] .. ' ' .. time .. ' ' .. ARGV[6]) end
local waited = free(lease)
if is_fenced(lease) then
  if waited then tell('released') end
  return 0
end
`

/** ARGV lease, text, endsAt. Returns 0 when a later version was set. */
export const SET_UNDER_LEASE_SCRIPT = `${UNDER_LEASE}
redis.call('HSET', KEYS[1], 'value', ARGV[6], 'version', ARGV[5], 'ends', ARGV[7])
if fields[3] then
  -- The failure counts no more, even if the user may not remove it.
  redis.call('HSET', KEYS[1], 'kept', '0')
  redis.pcall('HDEL', KEYS[1], 'failure', 'failed', 'waits', 'kept')
end
version, ends, kept = lease, tonumber(ARGV[7]), 0
keep()
tell('set', result_at(ARGV[7]))
return 1`

/** ARGV lease, text, waitsUntil, keptUntil. Returns 0 when a later version was set, or a later holder failed. */
export const FAIL_UNDER_LEASE_SCRIPT = `${UNDER_LEASE}
if kept > now and tonumber(fields[3]) > lease then return 0 end
redis.call('HSET', KEYS[1], 'failure', ARGV[6], 'failed', ARGV[5], 'waits', ARGV[7], 'kept', ARGV[8])
kept = tonumber(ARGV[8])
keep()
tell('failed', result_at(ARGV[7]))
return 1`

/** ARGV lease. */
export const RELEASE_SCRIPT = `${START}
if free(tonumber(ARGV[5])) then tell('released') end
return 1`

/** ARGV text, ttlMs. */
export const SET_SCRIPT = `${START}
version = next_version()
ends = now + tonumber(ARGV[6])
kept = 0
redis.call('HSET', KEYS[1], 'value', ARGV[5], 'version', text(version), 'ends', text(ends))
redis.call('HDEL', KEYS[1], 'failure', 'failed', 'waits', 'kept')
keep()
tell('set')
return 1`

export const DELETE_SCRIPT = `${START}
version = next_version()
redis.call('HSET', KEYS[1], 'version', text(version))
redis.call('HDEL', KEYS[1], 'value', 'ends')
if ends > 0 then tell('deleted') end
ends = 0
keep()
return 1`
