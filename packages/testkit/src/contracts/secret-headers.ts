import { expect } from "vitest"
import type { Arrival } from "../recording-server.ts"

const SECRET_HEADERS = [
  "authorization",
  "x-auth-token",
  "x-security-token",
  "x-sdk-date",
  "x-sdk-content-sha256",
  "cookie",
]

/** Expects that a request arrived without any header that is for listed hosts alone. */
export function expectNoSecretHeaders(arrival: Arrival | undefined): void {
  expect(arrival).toBeDefined()
  for (const name of SECRET_HEADERS) expect(arrival?.headers).not.toHaveProperty(name)
}
