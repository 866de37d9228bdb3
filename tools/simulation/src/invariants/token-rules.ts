import type { Iam } from "../cloud/iam.ts"
import type { Plan } from "../plans/plan.ts"
import type { Violation } from "./violation.ts"

/** A value that a process sent, or that a service refused. */
export interface Use {
  readonly process: string
  readonly identity: string
  readonly value: string
  readonly at: number
}

/** Whose values are sent, and until when. */
export class TokenRules {
  readonly #iam: Iam
  /** A provider that binds its values to no secret vouches for its key, so its values serve under every secret. */
  readonly #isUnbound: boolean
  /** The value that a process sent last for an identity. */
  readonly #previous = new Map<string, string>()
  /** When a service refused a value of a process last. */
  readonly #refusedAt = new Map<string, number>()
  /** When a process first sent another value after a refusal. */
  readonly #replacedAt = new Map<string, number>()

  constructor(iam: Iam, { isUnbound }: Plan) {
    this.#iam = iam
    this.#isUnbound = isUnbound
  }

  refused({ process, identity, value, at }: Use): void {
    this.#refusedAt.set(`${process} ${identity} ${value}`, at)
  }

  /** @param secrets those that the process has had until then */
  sent({ process, identity, value, at }: Use, secrets: ReadonlySet<string>): Violation | undefined {
    const issued = this.#iam.find(value)
    const what = (): string => `${process} sent ${value} for ${identity}`
    if (issued?.identity !== identity || !(this.#isUnbound || secrets.has(issued.secret))) {
      return {
        rule: "of another",
        at,
        what: `${what()}, which belongs to ${issued?.identity} and ${issued?.secret}`,
      }
    }
    const owner = `${process} ${identity}`
    const before = this.#previous.get(owner)
    this.#previous.set(owner, value)
    if (before !== undefined && before !== value && (this.#refusedAt.get(`${owner} ${before}`) ?? at) < at) {
      this.#replacedAt.set(`${owner} ${before}`, at)
    }
    if (at >= issued.expiresAt) {
      return { rule: "past its end", at, what: `${what()}, ${Math.round(at - issued.expiresAt)} ms after its end` }
    }
    const replaced = this.#replacedAt.get(`${owner} ${value}`)
    if (replaced === undefined) return undefined
    return { rule: "refused before", at, what: `${what()}, which it had replaced at ${Math.round(replaced)}` }
  }
}
