import type { IncrementalHash } from "./digest.ts"
import { BLOCK_BYTES } from "./pads.ts"

const ROUNDS = 64
/** Where in the last block the length of the message stands, in bits. */
const LENGTH_AT = BLOCK_BYTES - 8

function firstPrimes(count: number): number[] {
  const primes: number[] = []
  for (let candidate = 2; primes.length < count; candidate++) {
    if (primes.every((prime) => candidate % prime !== 0)) primes.push(candidate)
  }
  return primes
}

/** The first 32 bits behind the point of each root. */
function fractions(roots: readonly number[]): DataView<ArrayBuffer> {
  const words = new DataView(new ArrayBuffer(4 * roots.length))
  for (const [index, root] of roots.entries()) words.setUint32(4 * index, (root % 1) * 2 ** 32)
  return words
}

const primes = firstPrimes(ROUNDS)
const constants = fractions(primes.map(Math.cbrt))
const start = fractions(primes.slice(0, 8).map(Math.sqrt))
/** One for all, since a block is mixed in without a pause. */
const schedule = new DataView(new ArrayBuffer(4 * ROUNDS))
/** Little-endian, as machines are: nobody else reads the schedule, so no bytes need to be swapped. */
const OWN_ORDER = true

/**
 * SHA-256 where the runtime has none that is synchronous.
 *
 * @see FIPS 180-4, sections 4.1.2, 4.2.2, 5.3.3 and 6.2
 */
export class Sha256 implements IncrementalHash {
  readonly #state: DataView<ArrayBuffer>
  /** What has come of the next block. */
  readonly #block = new Uint8Array(BLOCK_BYTES)
  #filled = 0
  #length: number

  /** @param behind goes on from there, which must be the end of a block; that one stays as it is. */
  constructor(behind?: Sha256) {
    this.#state = new DataView((behind ? behind.#state : start).buffer.slice(0))
    this.#length = behind ? behind.#length : 0
  }

  update(bytes: Uint8Array): this {
    this.#length += bytes.length
    let offset = 0
    if (this.#filled > 0) {
      offset = Math.min(BLOCK_BYTES - this.#filled, bytes.length)
      this.#block.set(bytes.subarray(0, offset), this.#filled)
      this.#filled += offset
      if (this.#filled < BLOCK_BYTES) return this
      compress(this.#state, this.#block, 0)
    }
    for (; offset + BLOCK_BYTES <= bytes.length; offset += BLOCK_BYTES) compress(this.#state, bytes, offset)
    this.#block.set(bytes.subarray(offset))
    this.#filled = bytes.length - offset
    return this
  }

  /** Ends the hash. */
  digest(): Uint8Array<ArrayBuffer> {
    const block = this.#block
    block.fill(0, this.#filled)
    block[this.#filled] = 0x80
    if (this.#filled >= LENGTH_AT) {
      compress(this.#state, block, 0)
      block.fill(0)
    }
    const length = new DataView(block.buffer, LENGTH_AT)
    length.setUint32(0, this.#length / 2 ** 29)
    length.setUint32(4, this.#length * 8)
    compress(this.#state, block, 0)
    return new Uint8Array(this.#state.buffer)
  }

  hex(): string {
    this.digest()
    let hex = ""
    for (let at = 0; at < this.#state.byteLength; at += 4) {
      hex += this.#state.getUint32(at).toString(16).padStart(8, "0")
    }
    return hex
  }
}

/** Mixes the block at an offset into the state. */
function compress(state: DataView, bytes: Uint8Array, offset: number): void {
  const block = new DataView(bytes.buffer, bytes.byteOffset + offset, BLOCK_BYTES)
  for (let at = 0; at < BLOCK_BYTES; at += 4) schedule.setInt32(at, block.getInt32(at), OWN_ORDER)
  for (let at = BLOCK_BYTES; at < 4 * ROUNDS; at += 4) {
    const early = schedule.getInt32(at - 60, OWN_ORDER)
    const late = schedule.getInt32(at - 8, OWN_ORDER)
    const mixed = (rotated(early, 7) ^ rotated(early, 18) ^ (early >>> 3)) + schedule.getInt32(at - 28, OWN_ORDER)
    const lateMixed = rotated(late, 17) ^ rotated(late, 19) ^ (late >>> 10)
    schedule.setInt32(at, (schedule.getInt32(at - 64, OWN_ORDER) + mixed + lateMixed) | 0, OWN_ORDER)
  }
  let a = state.getInt32(0)
  let b = state.getInt32(4)
  let c = state.getInt32(8)
  let d = state.getInt32(12)
  let e = state.getInt32(16)
  let f = state.getInt32(20)
  let g = state.getInt32(24)
  let h = state.getInt32(28)
  for (let at = 0; at < 4 * ROUNDS; at += 4) {
    const mixed = (rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)) + (g ^ (e & (f ^ g)))
    const one = (h + mixed + constants.getInt32(at) + schedule.getInt32(at, OWN_ORDER)) | 0
    const two = (rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)) + ((a & b) | (c & (a | b)))
    h = g
    g = f
    f = e
    e = (d + one) | 0
    d = c
    c = b
    b = a
    a = (one + two) | 0
  }
  state.setInt32(0, state.getInt32(0) + a)
  state.setInt32(4, state.getInt32(4) + b)
  state.setInt32(8, state.getInt32(8) + c)
  state.setInt32(12, state.getInt32(12) + d)
  state.setInt32(16, state.getInt32(16) + e)
  state.setInt32(20, state.getInt32(20) + f)
  state.setInt32(24, state.getInt32(24) + g)
  state.setInt32(28, state.getInt32(28) + h)
}

function rotated(word: number, by: number): number {
  return (word >>> by) | (word << (32 - by))
}
