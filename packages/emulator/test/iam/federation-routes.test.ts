import { federatedToken } from "@countersign/auth-core"
import { describe, expect, it } from "vitest"
import type { Emulator } from "../../src/index.ts"
import { issueIdToken } from "../../src/state/id-token.ts"
import { ask, HOUR, runningEmulator } from "../running-emulator.ts"

function tokenFor({ url, accounts }: Emulator, idToken: string, scope?: { project: { id: string } }) {
  return federatedToken({ iamEndpoint: url, idpId: accounts.identityProvider.id, idToken, scope })()
}

describe("an id token", () => {
  it("gets a token of the federated user, unscoped or for a project", async () => {
    const emulator = await runningEmulator()
    const { idToken } = emulator.accounts.identityProvider
    const { value } = await tokenFor(emulator, idToken)
    const answer = await ask(`${emulator.url}/v1/x`, { headers: { "x-auth-token": value } })
    expect(answer.body.caller).toEqual({ scheme: "token", domain: "partner-account", user: "alice" })
    const [project = { id: "none" }] = emulator.accounts.partner.projects
    expect((await tokenFor(emulator, idToken, { project })).projectId).toBe(project.id)
  })

  it("is refused after an hour, and a new one is accepted", async () => {
    const emulator = await runningEmulator()
    const { idToken } = emulator.accounts.identityProvider
    emulator.setClock(HOUR)
    await expect(tokenFor(emulator, idToken)).rejects.toMatchObject({ status: 401 })
    expect((await tokenFor(emulator, emulator.accounts.identityProvider.idToken)).value).toMatch(/^MII/)
  })

  it.each([
    ["nonsense", {}, "not.a.token"],
    ["signed by somebody else", {}, undefined],
    ["of another issuer", { iss: "https://other.example.com" }, undefined],
    ["for another audience", { aud: "other" }, undefined],
  ])("is refused when it is %s", async (fault, claims, text) => {
    const emulator = await runningEmulator()
    const { issuer, audience, secret } = emulator.accounts.identityProvider
    const iat = Math.floor(Date.now() / 1_000)
    const good = { iss: issuer, aud: audience, sub: "alice", iat, exp: iat + 60 }
    expect((await tokenFor(emulator, issueIdToken(good, secret))).value).toMatch(/^MII/)
    const bad = issueIdToken({ ...good, ...claims }, fault === "signed by somebody else" ? "other" : secret)
    await expect(tokenFor(emulator, text ?? bad)).rejects.toMatchObject({ status: 401 })
  })

  it("is refused for an unknown identity provider", async () => {
    const { url, accounts } = await runningEmulator()
    const { idToken } = accounts.identityProvider
    await expect(federatedToken({ iamEndpoint: url, idpId: "other", idToken })()).rejects.toMatchObject({ status: 404 })
  })
})
