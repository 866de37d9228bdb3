// Each script runs as one step on the server. The keys of one call share a hash tag, so they are on one node of a
// cluster.

/** How long the numbers of leases outlive the leases. A process that sleeps longer is not fenced. */
const META_TTL_MS = 7 * 24 * 3_600_000

/** KEYS value · ARGV text, ttlMs, channel, message */
export const SET_SCRIPT = `
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('PUBLISH', ARGV[3], ARGV[4])
return 1`

/** KEYS value · ARGV channel, message */
export const DELETE_SCRIPT = `
local count = redis.call('DEL', KEYS[1])
if count > 0 then redis.call('PUBLISH', ARGV[1], ARGV[2]) end
return count`

/**
 * KEYS lease, meta · ARGV holder, ttlMs. Returns the number of the lease, or nothing while another process holds it.
 */
export const ACQUIRE_SCRIPT = `
if not redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return false end
local number = redis.call('HINCRBY', KEYS[2], 'leases', 1)
redis.call('PEXPIRE', KEYS[2], ${META_TTL_MS})
return number`

/** KEYS value, meta · ARGV number, text, ttlMs, channel, message. Returns 0 when a later lease has set a value. */
export const FENCED_SET_SCRIPT = `
local written = tonumber(redis.call('HGET', KEYS[2], 'written') or '0')
if written > tonumber(ARGV[1]) then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
redis.call('HSET', KEYS[2], 'written', ARGV[1])
redis.call('PEXPIRE', KEYS[2], ${META_TTL_MS})
redis.call('PUBLISH', ARGV[4], ARGV[5])
return 1`

/** KEYS lease · ARGV holder */
export const RELEASE_SCRIPT = `
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0`
