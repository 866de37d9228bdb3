import {
  type Auth,
  encryptedStore,
  passwordToken,
  TokenCache,
  type TokenProvider,
  tokenAuth,
} from "@countersign/auth-core"
import { authenticatedSend, createHostGuard, isAuthError, LONGEST_TIMER_MS } from "@countersign/auth-core/adapter"
import { redisStore } from "@countersign/redis"
import { callService, SERVICE_URL } from "../cloud/service.ts"
import type { Keyring } from "../plans/keyring.ts"
import { StoreClient } from "../store/store-client.ts"
import { Machine } from "../time/machine.ts"
import type { Random } from "../time/random.ts"
import type { World } from "./world.ts"

export interface ProcessOptions {
  readonly name: string
  readonly world: World
  readonly random: Random
  readonly skewMs: number
  readonly keyring: Keyring
}

/** The account of one identity in a process. */
interface Account {
  readonly secret: string
  /** All that it was. */
  readonly secrets: ReadonlySet<string>
  readonly auth: Auth
}

const guard = createHostGuard({})

/** One process of the fleet: the library as users have it, on a machine of its own. */
export class FleetProcess {
  readonly machine: Machine
  readonly client: StoreClient
  readonly #keyring: Keyring
  #cache: TokenCache | undefined
  readonly #world: World
  readonly #random: Random
  readonly #accounts = new Map<string, Account>()

  constructor({ name, world, random, skewMs, keyring }: ProcessOptions) {
    const { agenda, server, conditions, plan } = world
    this.machine = new Machine({ name, agenda, random, skewMs })
    this.client = new StoreClient({
      agenda,
      machine: this.machine,
      server,
      conditions,
      random,
      repeats: plan.repeats,
      trace: world.trace,
    })
    this.#world = world
    this.#random = random
    this.#keyring = keyring
  }

  /** Runs the first lines of the program. */
  start(): void {
    const { trace } = this.#world
    const { machine } = this
    const plain = redisStore(this.client)
    this.#cache = new TokenCache({
      store: this.#keyring === undefined ? plain : encryptedStore(plain, { keys: this.#keyring.map(keyOf) }),
      clock: machine,
      random: this.#random.next,
      onEvent: (event) => trace?.(`${machine.time.toFixed(3)} ${machine.name} event ${JSON.stringify(event)}`),
    })
  }

  /** Gives the process the secret of an identity. */
  tell(identity: string, secret: string): void {
    const known = this.#accounts.get(identity)
    const isByFunction = this.#world.plan.hasSecretFunctions
    const auth =
      known !== undefined && isByFunction
        ? known.auth
        : this.#authFor(identity, isByFunction ? () => this.#account(identity).secret : secret)
    const secrets = new Set([...(known?.secrets ?? []), secret])
    this.#accounts.set(identity, { secret, secrets, auth })
  }

  /** One request to a service, as a program makes it. */
  async read(identity: string): Promise<void> {
    const { world, machine } = { world: this.#world, machine: this.machine }
    const { observed } = world
    const account = this.#account(identity)
    let wait = observed.beginWait(machine, identity)
    let failed: string | undefined
    let attempts = 0
    try {
      await authenticatedSend(
        account.auth,
        { method: "GET", url: SERVICE_URL, headers: {}, body: null },
        async (wire) => {
          observed.endWait(wait)
          attempts += 1
          const use = { process: machine.name, identity, value: wire.headers["x-auth-token"] ?? "" }
          observed.sent({ ...use, at: machine.time }, this.#account(identity).secrets)
          const response = await callService({ ...world, random: this.#random }, machine, wire)
          if (response.status === 401) {
            observed.refused({ ...use, at: machine.time }, attempts > 1)
            wait = observed.beginWait(machine, identity)
          }
          return response
        },
        { guard },
      )
    } catch (error) {
      failed = isAuthError(error) ? error.code : String(error)
      if (!isAuthError(error)) observed.uncaught(error, machine.time)
    }
    observed.endWait(wait, failed)
    world.trace?.(`${machine.time.toFixed(3)} ${machine.name} read ${identity} ${attempts} ${failed ?? "ok"}`)
  }

  /** Ends the process without a farewell. */
  die(): void {
    this.machine.die()
    this.client.die()
    this.#world.observed.endWaits(this.machine)
  }

  #account(identity: string): Account {
    const account = this.#accounts.get(identity)
    if (account === undefined) throw new Error(`${this.machine.name} has no secret of ${identity}.`)
    return account
  }

  #authFor(identity: string, password: string | (() => string)): Auth {
    const { iam, plan } = this.#world
    const provider = passwordToken({
      user: { id: identity },
      password,
      scope: { domain: { id: "domain" } },
      fetch: iam.fetchFor(this.machine),
      clock: this.machine,
      // Real time would end calls that take long only here.
      timeoutMs: LONGEST_TIMER_MS,
    })
    return tokenAuth(plan.isUnbound ? unbound(provider) : provider, { cache: this.#cache, clock: this.machine })
  }
}

/** A provider as users write it: it has a key, and vouches for that alone. */
function unbound(provider: TokenProvider): TokenProvider {
  const { identityKey } = provider
  return Object.assign(async (context?: Parameters<TokenProvider>[0]) => provider(context), { identityKey })
}

function keyOf(number: number): { id: string; key: Uint8Array } {
  return { id: `key-${number}`, key: new Uint8Array(32).fill(number) }
}
