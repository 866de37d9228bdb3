import type { Arrival } from "@countersign/testkit"
import { expect } from "vitest"
import { verify } from "../../src/signing/verify.ts"

export const KEY = { accessKeyId: "CALLERAK", secretAccessKey: "caller-secret-key" }
export const TEMPORARY = { ...KEY, securityToken: "caller-security-token" }

/** Checks that one of the keys above signed a request, over the bytes that arrived. */
export async function expectSigned(
  arrival: Arrival | undefined,
  now: number,
  key: object = KEY,
  scoped = false,
): Promise<void> {
  if (arrival === undefined) expect.fail("nothing arrived")
  const { method, target, headers, body } = arrival
  const request = {
    method,
    url: `http://${headers.host}${target}`,
    headers: Object.entries(headers).map(([name, value]): [string, string] => [name, String(value)]),
    body: new Uint8Array(body),
  }
  const secretFor = async (accessKeyId: string): Promise<typeof TEMPORARY | undefined> =>
    accessKeyId === KEY.accessKeyId ? ({ ...key } as typeof TEMPORARY) : undefined
  expect(await verify(request, { secretFor, now: () => now, scoped })).toMatchObject({
    ok: true,
    accessKeyId: "CALLERAK",
  })
}
