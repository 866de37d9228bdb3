/** A client that does not compile somewhere, with or without Countersign. */
export interface LeftOut {
  /** The package whose types or format cause it. */
  client: string
  where: string
  reason: string
}

const inNode10 = "`module: commonjs` before TypeScript 7"
const inNode16 = "`module: node16` and `node18`, imported at the top"

/** In ES modules without the DOM library. */
export const withoutDom: LeftOut[] = [
  { client: "ofetch", where: "without the DOM library", reason: "its types name `RequestInfo` and `HeadersInit`" },
  { client: "wretch", where: "without the DOM library", reason: "its types name `HeadersInit`" },
  { client: "@hey-api/client-fetch", where: "without the DOM library", reason: "its types name `Body`" },
]

/** Everywhere with TypeScript 5.6. */
export const inTypeScript56: LeftOut[] = [
  { client: "got", where: "TypeScript 5.6", reason: "its types need the generic `Uint8Array` of TypeScript 5.7" },
  { client: "bun-types", where: "TypeScript 5.6", reason: "they need the generic `Uint8Array` of TypeScript 5.7" },
  { client: "hono", where: "TypeScript 5.6", reason: "its types need the generic `Uint8Array` of TypeScript 5.7" },
]

/** In programs that Deno checks. */
export const inDeno: LeftOut[] = [
  {
    client: "express",
    where: "Deno",
    reason: "its types take the requests of another release of `@types/node` than Deno's",
  },
]

/** In CommonJS programs. */
export const inCommonJs: LeftOut[] = [
  { client: "got", where: inNode16, reason: 'it is an ES module only: use `await import("got")`' },
  { client: "ky", where: inNode16, reason: 'it is an ES module only: use `await import("ky")`' },
  { client: "got", where: inNode10, reason: "that way of resolving does not find its types" },
]

/** The text in the table. */
export function lineOf({ client, where, reason }: LeftOut): string {
  return `| ${client} | ${where} | ${reason} |`
}
