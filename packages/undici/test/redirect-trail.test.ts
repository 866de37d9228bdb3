import { expect, it } from "vitest"
import { RedirectTrail } from "../src/redirect-trail.ts"

const to = new URL("https://b.example.com/to?x=1")
const key = "https://b.example.com/to?x=1"
const crossing = { key, crosses: true }
const within = { key, crosses: false }

it.each([
  ["first", [crossing, within]],
  ["last", [within, crossing]],
])("redirects to one URL count as crossing if one of them crosses, noted %s", (_, leads) => {
  const trail = new RedirectTrail()
  for (const lead of leads) trail.tell(lead)
  expect(trail.leadTo(to)?.crosses).toBe(true)
  for (const lead of leads) trail.follow(lead, () => expect(trail.leadTo(to)?.crosses).toBe(true))
})

it("a redirect within an origin does not cross, and another URL has none", () => {
  const trail = new RedirectTrail()
  trail.tell(within)
  expect(trail.leadTo(to)?.crosses).toBe(false)
  trail.follow(within, () => expect(trail.leadTo(to)?.crosses).toBe(false))
  expect(trail.leadTo(new URL("https://b.example.com/else"))).toBeUndefined()
})
