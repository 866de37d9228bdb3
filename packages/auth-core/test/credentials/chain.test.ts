import { describe, expect, it, vi } from "vitest"
import { chain } from "../../src/credentials/chain.ts"
import { staticCredentials } from "../../src/credentials/static-credentials.ts"
import { AuthError, type AuthErrorCode } from "../../src/errors/auth-error.ts"
import type { Credentials } from "../../src/identity/credentials.ts"
import type { CredentialProvider } from "../../src/identity/provider.ts"
import { rejectionOf, thrownBy } from "../iam/local-iam.ts"

const key = (accessKeyId: string): CredentialProvider => staticCredentials({ accessKeyId, secretAccessKey: "SK" })
const failing = (code: AuthErrorCode, message: string): CredentialProvider => {
  return () => Promise.reject(new AuthError(code, message))
}
const missing = (message = "Nothing here."): CredentialProvider => failing("AUTH_CREDENTIALS_MISSING", message)

describe("a chain", () => {
  it("gives the credentials of the first source that has any, and asks no later source", async () => {
    const last = vi.fn(key("LAST"))
    expect(await chain(missing(), key("AK"), last)()).toMatchObject({ accessKeyId: "AK" })
    expect(last).not.toHaveBeenCalled()
  })

  it("passes its context to its sources", async () => {
    const source = vi.fn(key("AK"))
    const context = { signal: new AbortController().signal, reportIssuerTime: () => undefined }
    await chain(source)(context)
    expect(source).toHaveBeenCalledWith(context)
  })

  it("goes on after an expired key and a function that throws", async () => {
    const expired = staticCredentials({ accessKeyId: "OLD", secretAccessKey: "SK", expiresAt: 1 })
    const throwing = (): Promise<Credentials> => Promise.reject(new Error("vault sealed"))
    const useless = async (): Promise<Credentials> => ({}) as Credentials
    expect(await chain(expired, throwing, useless, key("AK"))()).toMatchObject({ accessKeyId: "AK" })
  })

  it.each<AuthErrorCode>([
    "AUTH_INVALID_CREDENTIALS",
    "AUTH_CREDENTIALS_REJECTED",
    "AUTH_THROTTLED",
    "AUTH_TOKEN_REQUEST_FAILED",
    "AUTH_TOKEN_RESPONSE_INVALID",
    "AUTH_INSECURE_URL",
  ])("stops at %s, and does not use another identity", async (code) => {
    const other = vi.fn(key("OTHER"))
    expect(await rejectionOf(chain(missing(), failing(code, "It is configured, but fails."), other)())).toMatchObject({
      code,
      message: "It is configured, but fails.",
    })
    expect(other).not.toHaveBeenCalled()
  })

  it("without any credentials lists every source with its reason", async () => {
    const throwing = (): Promise<Credentials> => Promise.reject(new Error("vault sealed"))
    const error = await rejectionOf(chain(missing("No variable."), missing("No file."), throwing)())
    expect(error.code).toBe("AUTH_CREDENTIALS_MISSING")
    expect(error.message.split("\n")).toEqual([
      "No source has an access key:",
      "1. No variable.",
      "2. No file.",
      "3. It failed with Error: see `cause`.",
    ])
    expect(error.cause).toMatchObject({ message: "vault sealed" })
  })

  it("starts at the first source each time", async () => {
    let isDead = false
    const first = async (): Promise<Credentials> => {
      if (isDead) throw new AuthError("AUTH_CREDENTIALS_MISSING", "Gone.")
      return { accessKeyId: "FIRST", secretAccessKey: "SK" }
    }
    const provider = chain(first, key("SECOND"))
    const ids: string[] = []
    for (const dead of [false, true, false]) {
      isDead = dead
      ids.push((await provider()).accessKeyId)
    }
    expect(ids).toEqual(["FIRST", "SECOND", "FIRST"])
  })

  it("stops when the caller aborts", async () => {
    const caller = new AbortController()
    const next = vi.fn(key("AK"))
    const slow = (): Promise<Credentials> => {
      caller.abort(new Error("enough"))
      return Promise.reject(new Error("aborted"))
    }
    await expect(chain(slow, next)({ signal: caller.signal })).rejects.toThrow("enough")
    expect(next).not.toHaveBeenCalled()
  })

  it("accepts only functions", () => {
    expect(thrownBy(() => chain()).code).toBe("AUTH_INVALID_OPTION")
    expect(thrownBy(() => chain(key("AK"), "env" as unknown as CredentialProvider)).code).toBe("AUTH_INVALID_OPTION")
  })
})
