import { expect, it } from "vitest"
import { misnamedFiles } from "../../src/layout/file-names.ts"
import { sourceModule } from "../../src/layout/source-module.ts"

function isMisnamed(path: string, ...names: string[]): boolean {
  const text = names.map((name) => `export const ${name} = 1`).join("\n")
  return misnamedFiles([sourceModule(path, text)]).length > 0
}

it.each([
  ["aksk-auth.ts", ["akskAuth", "somethingElse"]],
  ["iam-error.ts", ["IamError"]],
  ["endpoint.ts", ["resolveEndpoint", "other"]],
  ["endpoint.ts", ["endpointOf", "other"]],
  ["sha256-hex.ts", ["sha256Hex", "other"]],
  ["header-names.ts", ["HEADER_NAMES", "other"]],
  ["lifetime.ts", ["tokenLifetime", "readLifetime"]],
  ["bodies.ts", ["readBody", "bodyOf"]],
  ["retries.ts", ["retryAfter", "mayRetry"]],
  ["signature.ts", ["signRequest", "SignedRequest"]],
  ["urls.ts", ["urlContract"]],
  ["index.ts", ["anything"]],
  ["bodies.chunk.ts", ["anything", "more"]],
  ["main.ts", []],
])("%s may export %j", (path, names) => {
  expect(isMisnamed(`src/${path}`, ...names)).toBe(false)
})

it.each([
  ["slots.ts", ["cacheEntry", "pendingRefresh"]],
  ["request-body.ts", ["requestHeaders", "bodyLimit"]],
  ["token-lifetime.ts", ["lifetimeOf", "clock"]],
  ["on.ts", ["once"]],
  ["utils.ts", ["hash"]],
])("%s may not export %j", (path, names) => {
  expect(isMisnamed(`src/${path}`, ...names)).toBe(true)
})

it("re-exported names and types count, and names that are not exported do not", () => {
  const text = `export type { Thing } from "./thing.ts"\nexport interface Other {}\nconst body = 1`
  expect(misnamedFiles([sourceModule("src/body.ts", text)])).toEqual(["src/body.ts"])
  expect(misnamedFiles([sourceModule("src/other.ts", text)])).toEqual([])
})
