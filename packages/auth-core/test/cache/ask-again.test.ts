import { fakeClock } from "@countersign/testkit"
import { expect, it } from "vitest"
import { AuthError, type CacheEvent, type Credentials, TokenCache } from "../../src/index.ts"
import { scriptedProvider } from "./scripted-provider.ts"

const key = (accessKeyId: string): Credentials => ({ accessKeyId, secretAccessKey: "SK" })

it("a value without an end is read again at the provider's interval, and stays when that fails", async () => {
  const clock = fakeClock()
  const events: CacheEvent[] = []
  const cache = new TokenCache({ clock, onEvent: (event) => events.push(event) })
  const provider = scriptedProvider<Credentials>(undefined, async (call, context) => {
    context?.refreshAfter?.(10_000)
    if (call === 2) throw new AuthError("AUTH_INVALID_CREDENTIALS", "line 3")
    return key(`AK${call}`)
  })
  const idNow = async (): Promise<string> => (await cache.get(provider)).accessKeyId
  expect(await idNow()).toBe("AK1")
  await clock.advance(9_999)
  expect(await idNow()).toBe("AK1")
  expect(provider.calls).toHaveLength(1)

  await clock.advance(1)
  expect(await idNow()).toBe("AK1")
  await clock.advance(0)
  expect(provider.calls).toHaveLength(2)
  expect(events.at(-1)).toMatchObject({ type: "refresh-failed", code: "AUTH_INVALID_CREDENTIALS" })

  expect(await idNow()).toBe("AK1")
  await clock.advance(0)
  expect(await idNow()).toBe("AK3")
})
