/** Numbers that look random and depend on the seed alone. @see sfc32 of PractRand, by Chris Doty-Humphrey */
export class Random {
  #a: number
  #b: number
  #c: number
  #counter = 1

  constructor(seed: string) {
    const [a, b, c] = [1, 2, 3].map((part) => hashOf(`${part} ${seed}`))
    this.#a = a ?? 0
    this.#b = b ?? 0
    this.#c = c ?? 0
    for (let round = 0; round < 12; round++) this.next()
  }

  /** From 0 up to 1. */
  readonly next = (): number => {
    const sum = (this.#a + this.#b + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum
    this.#c |= 0
    return (sum >>> 0) / 2 ** 32
  }

  /** A number of the range, the upper end excluded. */
  between(from: number, to: number): number {
    return from + (to - from) * this.next()
  }

  /** A whole number of the range, both ends included. */
  whole(from: number, to: number): number {
    return Math.floor(this.between(from, to + 1))
  }

  chance(share: number): boolean {
    return this.next() < share
  }

  pick<T>(list: readonly T[]): T {
    if (list.length === 0) throw new Error("There is nothing to pick from.")
    return list[Math.floor(this.next() * list.length)] as T
  }

  /** Waiting times of events that happen independently of one another. */
  exponential(mean: number): number {
    return -mean * Math.log(1 - this.next())
  }
}

/** FNV-1a, 32 bits. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  }
  return hash >>> 0
}
