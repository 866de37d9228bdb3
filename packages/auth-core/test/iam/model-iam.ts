import type { Clock } from "../../src/index.ts"
import { type AgencyCredentialsOptions, type Fetch, verify } from "../../src/index.ts"

type Users = Readonly<Record<string, string>>

export interface ModelIam {
  readonly options: { iamEndpoint: string; fetch: Fetch; clock: Clock }
  /** Passwords of the users. */
  readonly passwords: Map<string, string>
  /** SKs of the AKs. */
  readonly keys: Map<string, string>
  /** The secrets of all calls with one, in order, right or wrong. */
  readonly asked: string[]
  /** Whether it answers. */
  isUp: boolean
}

const HOUR = 60 * 60_000

/**
 * Does what IAM does of passwords, agencies and signed calls, and writes into each value which secret got it: the last part
 * of the text of a token, or of the security token of a key.
 */
export function modelIam(clock: Clock, { passwords = {}, keys = {} }: { passwords?: Users; keys?: Users }): ModelIam {
  const tokens = new Map<string, string>()
  let issued = 0
  const answer = (status: number, body: object, token?: string): Response =>
    new Response(JSON.stringify(body), {
      status,
      headers: { date: new Date(clock.now()).toUTCString(), ...(token && { "x-subject-token": token }) },
    })
  const refusal = (): Response => answer(401, { error_code: "IAM.0062", error_msg: "Incorrect password" })
  const giveToken = (secret: string): Response => {
    const value = `token-${++issued}-${secret}`
    tokens.set(value, secret)
    const times = { issued_at: isoAt(clock.now()), expires_at: isoAt(clock.now() + 24 * HOUR) }
    return answer(201, { token: { methods: ["password"], ...times, domain: { id: "d", name: "d" } } }, value)
  }
  const giveKey = (secret: string): Response =>
    answer(201, {
      credential: {
        access: `AK${++issued}`,
        secret: `sk-${issued}`,
        securitytoken: `key-${issued}-${secret}`,
        expires_at: isoAt(clock.now() + HOUR),
      },
    })
  const bySignature = async (request: Request, body: string): Promise<Response> => {
    const accessKeyId = /Access=([^,]+)/.exec(request.headers.get("authorization") ?? "")?.[1] ?? ""
    const secretAccessKey = model.keys.get(accessKeyId) ?? "none"
    const asked = { method: request.method, url: request.url, headers: request.headers, body }
    const result = await verify(asked, { secretFor: async () => ({ secretAccessKey }), now: clock.now })
    model.asked.push(accessKeyId)
    return result.ok ? giveKey(secretAccessKey) : answer(401, { error_code: "APIGW.0301", error_msg: "no" })
  }
  const model: ModelIam = {
    passwords: new Map(Object.entries(passwords)),
    keys: new Map(Object.entries(keys)),
    asked: [],
    isUp: true,
    options: {
      iamEndpoint: "https://iam.example.com",
      clock,
      fetch: async (input, init) => {
        if (!model.isUp) throw new TypeError("fetch failed")
        const request = new Request(input, init)
        const body = await request.text()
        const { identity } = JSON.parse(body).auth
        if (identity.methods[0] === "password") {
          const { name, id, password } = identity.password.user
          const code = identity.totp?.user.passcode
          model.asked.push(password)
          const isRight = model.passwords.get(name ?? id) === password && (code === undefined || code === "right")
          return isRight ? giveToken(code === undefined ? password : `${password}+${code}`) : refusal()
        }
        const token = request.headers.get("x-auth-token")
        if (token === null) return await bySignature(request, body)
        const secret = tokens.get(token)
        if (secret === undefined) return answer(401, { error_code: "IAM.0063", error_msg: "no such token" })
        return request.url.includes("OS-CREDENTIAL") ? giveKey(secret) : giveToken(secret)
      },
    },
  }
  return model
}

/** The secret that got a value. */
export function secretBehind(value: { value: string } | { securityToken?: string | undefined }): string | undefined {
  const text = "value" in value ? value.value : value.securityToken
  return text?.split("-").slice(2).join("-")
}

export const agency: Pick<AgencyCredentialsOptions, "agency" | "domain"> = { agency: "for partner", domain: "customer" }

function isoAt(time: number): string {
  return new Date(time).toISOString().replace("Z", "000Z")
}
