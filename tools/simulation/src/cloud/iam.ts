import type { IamFetch } from "@countersign/auth-core/adapter"
import type { Agenda } from "../time/agenda.ts"
import { EPOCH, type Machine } from "../time/machine.ts"
import type { Random } from "../time/random.ts"

type IamFetchInit = Parameters<IamFetch>[1]
type IamFetchResponse = Awaited<ReturnType<IamFetch>>

/** A token that IAM issued. Times are those of the agenda. */
export interface Issued {
  readonly value: string
  readonly identity: string
  readonly secret: string
  readonly issuedAt: number
  readonly expiresAt: number
  revokedAt: number | undefined
}

/** One call of IAM. Times are those of the agenda. */
export interface IamCall {
  readonly identity: string
  readonly secret: string
  readonly process: string
  readonly sentAt: number
  outcome: "none" | "issued" | "refused" | "failed"
  issued: Issued | undefined
  /** The answer has arrived. */
  isAnswered: boolean
}

/** How IAM answers. */
export interface IamConditions {
  /** The least time of a call, milliseconds. */
  delayMs: number
  jitterMs: number
  /** The share of calls that are answered with 500 or 503. */
  failing: number
  /** The share of calls that are never answered. */
  hanging: number
  /** The share of the time of a call that passes after IAM has served it. */
  returnShare: number
}

export interface IamOptions {
  readonly agenda: Agenda
  readonly random: Random
  readonly conditions: IamConditions
  readonly tokenLifeMs: number
  readonly trace: ((line: string) => void) | undefined
}

/** A model of IAM: it issues tokens for passwords, and knows each of them. */
export class Iam {
  readonly calls: IamCall[] = []
  /** The password of each identity. */
  readonly #secrets = new Map<string, string>()
  readonly #issued = new Map<string, Issued>()
  readonly #options: IamOptions

  constructor(options: IamOptions) {
    this.#options = options
  }

  setSecret(identity: string, secret: string): void {
    this.#secrets.set(identity, secret)
  }

  secretOf(identity: string): string {
    const secret = this.#secrets.get(identity)
    if (secret === undefined) throw new Error(`IAM does not know ${identity}.`)
    return secret
  }

  find(value: string): Issued | undefined {
    return this.#issued.get(value)
  }

  /** Ends all tokens of an identity at once. */
  revoke(identity: string): void {
    for (const issued of this.#issued.values()) {
      if (issued.identity === identity) issued.revokedAt ??= this.#options.agenda.now
    }
  }

  /** The way of one process to IAM, as `fetch`. */
  fetchFor(machine: Machine): IamFetch {
    return (_url, init) => this.#call(machine, init)
  }

  #call(machine: Machine, init: IamFetchInit): Promise<IamFetchResponse> {
    const { agenda, random, conditions, trace } = this.#options
    const { identity, secret } = passwordIn(init.body)
    const call: IamCall = {
      identity,
      secret,
      process: machine.name,
      sentAt: machine.time,
      outcome: "none",
      issued: undefined,
      isAnswered: false,
    }
    this.calls.push(call)
    return new Promise((resolve, reject) => {
      const onAbort = (): void => reject(init.signal.reason)
      init.signal.addEventListener("abort", onAbort, { once: true })
      const { delayMs, jitterMs, returnShare } = conditions
      const tookMs = delayMs + random.exponential(jitterMs)
      agenda.at(machine.time + tookMs * (1 - returnShare), () => {
        const answer = this.#serve(call)
        trace?.(`${agenda.now.toFixed(3)} ${machine.name} iam ${call.outcome}, asked at ${call.sentAt.toFixed(3)}`)
        if (random.chance(conditions.hanging)) return
        machine.receive(agenda.now + tookMs * returnShare, () => {
          // Node keeps a signal with a time limit for as long as somebody listens.
          init.signal.removeEventListener("abort", onAbort)
          call.isAnswered = true
          resolve(answer)
        })
      })
    })
  }

  #serve(call: IamCall): IamFetchResponse {
    const { agenda, random, conditions, tokenLifeMs } = this.#options
    const { identity, secret } = call
    if (random.chance(conditions.failing)) {
      call.outcome = "failed"
      return answerOf(agenda.now, random.pick([500, 503]), { error: { message: "busy" } })
    }
    if (this.#secrets.get(identity) !== secret) {
      call.outcome = "refused"
      const error = { code: 401, message: "The username or password is wrong.", title: "Unauthorized" }
      return answerOf(agenda.now, 401, { error_code: "IAM.0062", error_msg: error.message, error })
    }
    call.outcome = "issued"
    const value = `token-${this.#issued.size + 1}-of-${identity}`
    const expiresAt = agenda.now + tokenLifeMs
    call.issued = { value, identity, secret, issuedAt: agenda.now, expiresAt, revokedAt: undefined }
    this.#issued.set(value, call.issued)
    const token = { issued_at: timeText(agenda.now), expires_at: timeText(expiresAt) }
    return answerOf(agenda.now, 201, { token }, { "x-subject-token": value })
  }
}

function passwordIn(body: string | undefined): { identity: string; secret: string } {
  const { auth } = JSON.parse(body ?? "") as {
    auth: { identity: { password: { user: { id: string; password: string } } } }
  }
  const { id, password } = auth.identity.password.user
  return { identity: id, secret: password }
}

function answerOf(
  now: number,
  status: number,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): IamFetchResponse {
  const text = JSON.stringify(body)
  const all: Readonly<Record<string, string>> = { ...headers, date: new Date(EPOCH + now).toUTCString() }
  return { status, headers: { get: (name) => all[name.toLowerCase()] ?? null }, text: async () => text }
}

/** IAM writes six decimals. */
function timeText(at: number): string {
  return new Date(EPOCH + at).toISOString().replace("Z", "000Z")
}
