import {
  BLOCK_BYTES,
  bytesOf,
  type HashAlgorithm,
  type Hmac,
  hmacPads,
  type IncrementalHash,
  registeredSm3,
} from "./digest.ts"

// For runtimes without node:crypto: synchronous hashes in JavaScript.

/** Lower-case hex of a hash; a string counts as UTF-8. */
export function hashHex(algorithm: HashAlgorithm, data: string | Uint8Array): string {
  const bytes = bytesOf(data)
  return algorithm === "sha256" ? new Sha256().update(bytes).hex() : registeredSm3().hashHex(bytes)
}

/** Prepares a key; text counts as UTF-8. Each message then starts from the states after the pads. */
export function createHmac(algorithm: HashAlgorithm, key: string | Uint8Array): Hmac {
  if (algorithm !== "sha256") return registeredSm3().createHmac(key)
  const pads = hmacPads(key, (bytes) => new Sha256().update(bytes).digest())
  const inner = new Sha256().update(pads.inner)
  const outer = new Sha256().update(pads.outer)
  return (message) => new Sha256(outer).update(new Sha256(inner).update(bytesOf(message)).digest()).hex()
}

/** A hash over bytes in pieces. */
export function createIncrementalHash(algorithm: HashAlgorithm): IncrementalHash {
  return algorithm === "sha256" ? new Sha256() : registeredSm3().createIncrementalHash()
}

const ROUNDS = 64
/** Offset of the message's length, in bits, in the last block. */
const LENGTH_AT = BLOCK_BYTES - 8

function firstPrimes(count: number): number[] {
  const primes: number[] = []
  for (let candidate = 2; primes.length < count; candidate++) {
    if (primes.every((prime) => candidate % prime !== 0)) primes.push(candidate)
  }
  return primes
}

/** The first 32 bits of the fraction of each root. */
function fractions(roots: readonly number[]): Int32Array {
  return Int32Array.from(roots, (root) => (root % 1) * 2 ** 32)
}

const primes = firstPrimes(ROUNDS)
const constants = fractions(primes.map(Math.cbrt))
const start = fractions(primes.slice(0, 8).map(Math.sqrt))
/** Shared by all hashes, because mixing in a block is never interrupted. */
const schedule = new Int32Array(ROUNDS)
const hexOfByte = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"))

/**
 * SHA-256 for runtimes without a synchronous one. It never reads the `buffer` of its small arrays: engines keep them in the
 * script's heap until somebody does, and most signed texts are only a few blocks.
 *
 * @see FIPS 180-4, sections 4.1.2, 4.2.2, 5.3.3 and 6.2
 */
export class Sha256 implements IncrementalHash {
  readonly #state = new Int32Array(8)
  /** The start of the next block. */
  readonly #block = new Uint8Array(BLOCK_BYTES)
  #filled = 0
  #length: number

  /** @param prefix continues this hash, which must be at the end of a block; it stays unchanged */
  constructor(prefix?: Sha256) {
    this.#state.set(prefix ? prefix.#state : start)
    this.#length = prefix ? prefix.#length : 0
  }

  update(bytes: Uint8Array): this {
    this.#length += bytes.length
    let offset = 0
    while (offset < bytes.length) {
      if (this.#filled === 0 && offset + BLOCK_BYTES <= bytes.length) {
        compress(this.#state, bytes, offset)
        offset += BLOCK_BYTES
      } else {
        this.#block[this.#filled++] = byteAt(bytes, offset++)
        if (this.#filled === BLOCK_BYTES) this.#compressBlock()
      }
    }
    return this
  }

  /** Ends the hash. */
  digest(): Uint8Array<ArrayBuffer> {
    const bits = Int32Array.of(this.#length / 2 ** 29, this.#length * 8)
    this.#block[this.#filled++] = 0x80
    if (this.#filled > LENGTH_AT) this.#compressBlock()
    put(this.#block, LENGTH_AT, bits)
    this.#compressBlock()
    const bytes = new Uint8Array(4 * this.#state.length)
    put(bytes, 0, this.#state)
    return bytes
  }

  hex(): string {
    let hex = ""
    for (const byte of this.digest()) hex += hexOfByte[byte]
    return hex
  }

  #compressBlock(): void {
    compress(this.#state, this.#block, 0)
    this.#block.fill(0)
    this.#filled = 0
  }
}

/** Writes words in big-endian order. */
function put(bytes: Uint8Array, offset: number, words: Int32Array): void {
  for (let byte = 0; byte < 4 * words.length; byte++) {
    bytes[offset + byte] = at(words, byte >> 2) >>> (24 - 8 * (byte & 3))
  }
}

/** Mixes the block at an offset into the state. */
function compress(state: Int32Array, bytes: Uint8Array, offset: number): void {
  let a = at(state, 0)
  let b = at(state, 1)
  let c = at(state, 2)
  let d = at(state, 3)
  let e = at(state, 4)
  let f = at(state, 5)
  let g = at(state, 6)
  let h = at(state, 7)
  for (let round = 0; round < ROUNDS; round++) {
    const word = round < 16 ? wordAt(bytes, offset + 4 * round) : expanded(round)
    schedule[round] = word
    const mixed = (rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)) + (g ^ (e & (f ^ g)))
    const one = (h + mixed + at(constants, round) + word) | 0
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
  state[0] = at(state, 0) + a
  state[1] = at(state, 1) + b
  state[2] = at(state, 2) + c
  state[3] = at(state, 3) + d
  state[4] = at(state, 4) + e
  state[5] = at(state, 5) + f
  state[6] = at(state, 6) + g
  state[7] = at(state, 7) + h
}

/** A word of the block. */
function wordAt(bytes: Uint8Array, offset: number): number {
  return (
    (byteAt(bytes, offset) << 24) |
    (byteAt(bytes, offset + 1) << 16) |
    (byteAt(bytes, offset + 2) << 8) |
    byteAt(bytes, offset + 3)
  )
}

/** A word of the schedule after those of the block. */
function expanded(round: number): number {
  const early = at(schedule, round - 15)
  const late = at(schedule, round - 2)
  const mixed = rotated(early, 7) ^ rotated(early, 18) ^ (early >>> 3)
  const lateMixed = rotated(late, 17) ^ rotated(late, 19) ^ (late >>> 10)
  return (at(schedule, round - 16) + mixed + at(schedule, round - 7) + lateMixed) | 0
}

// The index is always within bounds. Two functions, because one that reads a single kind of array is faster.

function at(words: Int32Array, index: number): number {
  return words[index] as number
}

function byteAt(bytes: Uint8Array, index: number): number {
  return bytes[index] as number
}

function rotated(word: number, by: number): number {
  return (word >>> by) | (word << (32 - by))
}
