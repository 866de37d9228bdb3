import { expect, it } from "vitest"
import { RedirectTrail } from "../src/redirect-trail.ts"

const to = new URL("https://b.example.com/to?x=1")
const key = "https://b.example.com/to?x=1"
const crossing = { keys: [key], crosses: true }
const within = { keys: [key], crosses: false }

it.each([
  ["first", [crossing, within]],
  ["last", [within, crossing]],
])("redirects to one URL count as crossing if one of them crosses, noted %s", (_, leads) => {
  const trail = new RedirectTrail()
  for (const lead of leads) trail.tell(lead)
  expect(trail.leadTo(to, false)?.crosses).toBe(true)
  for (const lead of leads) trail.follow(lead, () => expect(trail.leadTo(to, false)?.crosses).toBe(true))
})

it("a redirect within an origin does not cross, and another URL has none", () => {
  const trail = new RedirectTrail()
  trail.tell(within)
  expect(trail.leadTo(to, false)?.crosses).toBe(false)
  trail.follow(within, () => expect(trail.leadTo(to, false)?.crosses).toBe(false))
  expect(trail.leadTo(new URL("https://b.example.com/else"), false)).toBeUndefined()
})

it("a redirect that was not seen counts as crossing, unless earlier ones to its URL did not", async () => {
  const trail = new RedirectTrail()
  expect(trail.leadTo(to, true)?.crosses).toBe(true)
  trail.tell(within)
  await new Promise((resolve) => setImmediate(resolve))
  expect(trail.leadTo(to, true)?.crosses).toBe(false)
  expect(trail.leadTo(to, false)).toBeUndefined()
  trail.tell(crossing)
  trail.tell(within)
  await new Promise((resolve) => setImmediate(resolve))
  expect(trail.leadTo(to, true)?.crosses).toBe(true)
})

it("remembers a limited number of targets", () => {
  const trail = new RedirectTrail()
  trail.tell(within)
  for (let index = 0; index < 1_000; index++) trail.tell({ keys: [`https://b.example.com/${index}`], crosses: false })
  expect(trail.leadTo(new URL("https://b.example.com/999"), true)?.crosses).toBe(false)
})
