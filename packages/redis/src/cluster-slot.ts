/** @see https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/ */
const SLOTS = 16_384

const HASH_TAG = /\{([^}]+)\}/

/** The slot of a key or a channel: CRC16 (XMODEM) of its hash tag, else of all of it. */
export function clusterSlot(name: string): number {
  const tag = HASH_TAG.exec(name)?.[1] ?? name
  let crc = 0
  for (const byte of new TextEncoder().encode(tag)) {
    crc ^= byte << 8
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1) & 0xffff
  }
  return crc % SLOTS
}
