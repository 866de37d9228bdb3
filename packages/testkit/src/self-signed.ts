import { generateKeyPairSync, randomBytes, sign } from "node:crypto"

/** A key and a certificate for hosts such as `localhost` or `*.example.com`, made on the spot. @see RFC 5280, section 4.1 */
export function selfSigned(...hosts: [string, ...string[]]): { key: string; cert: string } {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
  const ecdsaWithSha256 = sequence(objectId([1, 2, 840, 10045, 4, 3, 2]))
  const name = sequence(tlv(0x31, sequence(objectId([2, 5, 4, 3]), tlv(0x0c, Buffer.from(hosts[0])))))
  const validity = sequence(tlv(0x17, Buffer.from("200101000000Z")), tlv(0x17, Buffer.from("491231000000Z")))
  const alternativeNames = sequence(...hosts.map((host) => tlv(0x82, Buffer.from(host))))
  const extensions = tlv(0xa3, sequence(sequence(objectId([2, 5, 29, 17]), tlv(0x04, alternativeNames))))
  const toBeSigned = sequence(
    tlv(0xa0, tlv(0x02, Buffer.from([2]))),
    tlv(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    ecdsaWithSha256,
    name,
    validity,
    name,
    publicKey.export({ type: "spki", format: "der" }),
    extensions,
  )
  const signature = tlv(0x03, Buffer.concat([Buffer.from([0]), sign("sha256", toBeSigned, privateKey)]))
  const certificate = sequence(toBeSigned, ecdsaWithSha256, signature)
  return {
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${certificate.toString("base64")}\n-----END CERTIFICATE-----\n`,
  }
}

function tlv(tag: number, value: Buffer): Buffer {
  const { length } = value
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...size]), value])
}

function sequence(...parts: Buffer[]): Buffer {
  return tlv(0x30, Buffer.concat(parts))
}

function objectId([first = 0, second = 0, ...rest]: number[]): Buffer {
  const bytes = rest.flatMap((part) => {
    const base128 = [part & 0x7f]
    for (let left = part >> 7; left > 0; left >>= 7) base128.unshift((left & 0x7f) | 0x80)
    return base128
  })
  return tlv(0x06, Buffer.from([first * 40 + second, ...bytes]))
}
