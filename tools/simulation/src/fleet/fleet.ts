import { Iam, type IamConditions } from "../cloud/iam.ts"
import type { Fault } from "../plans/fault.ts"
import { type Keyring, processName } from "../plans/keyring.ts"
import type { Plan } from "../plans/plan.ts"
import { CALM } from "../store/conditions.ts"
import { HEALTHY, RedisServer } from "../store/redis-server.ts"
import { Agenda } from "../time/agenda.ts"
import { EPOCH } from "../time/machine.ts"
import { Random } from "../time/random.ts"
import { FleetProcess } from "./fleet-process.ts"
import { Observations } from "./observations.ts"
import type { World } from "./world.ts"

/** IAM on a good day. */
const IAM_CALM: IamConditions = { delayMs: 150, jitterMs: 50, failing: 0, hanging: 0, returnShare: 0.2 }

/** Builds the world of a plan, lets its faults happen, and its programs read. */
export class Fleet {
  readonly world: World
  readonly #plan: Plan
  readonly #agenda = new Agenda()
  readonly #random: Random
  readonly #conditions = { ...CALM }
  readonly #iamConditions = { ...IAM_CALM }
  /** By place; those that live. */
  readonly #processes = new Map<number, FleetProcess>()
  /** How processes that start from now on encrypt, by place. */
  #keyringOf: (place: number) => Keyring
  #serverClockMs = 0
  #started = 0

  constructor(plan: Plan, trace?: (line: string) => void) {
    const agenda = this.#agenda
    this.#plan = plan
    this.#keyringOf = (place) => plan.keyrings[place % Math.max(1, plan.keyrings.length)]
    this.#random = new Random(`fleet ${plan.seed}`)
    const iam = new Iam({
      agenda,
      random: new Random(`iam ${plan.seed}`),
      conditions: this.#iamConditions,
      tokenLifeMs: plan.tokenLifeMs,
      trace,
    })
    const server = new RedisServer(
      () => EPOCH + agenda.now + this.#serverClockMs,
      () => agenda.now,
    )
    this.world = {
      plan,
      agenda,
      iam,
      server,
      conditions: this.#conditions,
      observed: new Observations(plan, iam),
      trace,
    }
    for (const identity of this.#identities) iam.setSecret(identity, `password 1 of ${identity}`)
  }

  async run(): Promise<void> {
    const { processes, startWithinMs, faults, bursts, endMs } = this.#plan
    for (let place = 0; place < processes; place++) {
      const startsAt = this.#random.between(0, startWithinMs)
      this.#agenda.at(startsAt, () => this.#start(place))
    }
    for (const fault of faults) this.#schedule(fault)
    for (const at of bursts) this.#agenda.at(at, () => this.#burst())
    await this.#agenda.runUntil(endMs)
  }

  get #identities(): string[] {
    return Array.from({ length: this.#plan.identities }, (_, place) => identityAt(place))
  }

  /** Starts a process, unless one lives at its place. */
  #start(place: number): void {
    if (this.#processes.has(place)) return
    const { skewMs } = this.#plan
    this.#started += 1
    const keyring = this.#keyringOf(place)
    const process = new FleetProcess({
      name: processName(place, this.#started, keyring),
      world: this.world,
      random: new Random(`process ${this.#started} ${this.#plan.seed}`),
      skewMs: Math.round(this.#random.between(-skewMs, skewMs)),
      keyring,
    })
    this.#processes.set(place, process)
    process.machine.receive(this.#agenda.now, () => {
      process.start()
      for (const identity of this.#identities) {
        process.tell(identity, this.world.iam.secretOf(identity))
        this.#readSoon(process, identity, this.#random.between(0, 50))
      }
    })
  }

  /** Reads now and again, for as long as the process lives. */
  #readSoon(process: FleetProcess, identity: string, inMs: number): void {
    process.machine.receive(this.#agenda.now + inMs, () => {
      void process.read(identity)
      this.#readSoon(process, identity, this.#random.exponential(this.#plan.readEveryMs))
    })
  }

  #burst(): void {
    for (const process of this.#processes.values()) {
      for (const identity of this.#identities) {
        process.machine.receive(this.#agenda.now, () => void process.read(identity))
      }
    }
  }

  #schedule(fault: Fault): void {
    this.#agenda.at(fault.at, () => {
      this.world.trace?.(`${this.#agenda.now.toFixed(3)} fault ${JSON.stringify(fault)}`)
      const undo = this.#begin(fault)
      if (undo !== undefined) this.#agenda.at(fault.at + fault.forMs, undo)
    })
  }

  /** Returns what ends the fault. */
  #begin(fault: Fault): (() => void) | undefined {
    const { server, iam } = this.world
    switch (fault.kind) {
      case "network":
        Object.assign(this.#conditions, fault.conditions)
        return () => void Object.assign(this.#conditions, CALM)
      case "cut": {
        const cut =
          fault.processes === "all"
            ? [...this.#processes.values()]
            : fault.processes.flatMap((place) => this.#at(place))
        for (const { client } of cut) client.cut()
        return () => {
          for (const { client } of cut) client.mend()
        }
      }
      case "failover": {
        for (const { client } of this.#processes.values()) client.cut()
        const lostAfter = this.#agenda.now - fault.lostMs
        return () => {
          server.keyspace.takeBack(lostAfter)
          this.#serverClockMs += fault.clockMs
          for (const { client } of this.#processes.values()) client.mend()
        }
      }
      case "flush":
        server.keyspace.clear()
        return undefined
      case "evict": {
        for (const key of server.keyspace.keys()) {
          if (this.#random.chance(fault.share)) server.keyspace.delete(key, this.#agenda.now)
        }
        return undefined
      }
      case "server":
        Object.assign(server.troubles, fault.troubles)
        return () => void Object.assign(server.troubles, HEALTHY)
      case "pause":
        for (const { machine } of this.#at(fault.process)) machine.stop(fault.forMs)
        return undefined
      case "stalls":
        for (const { machine } of this.#processes.values()) machine.stalls = fault.stalls
        return () => {
          for (const { machine } of this.#processes.values()) machine.stalls = undefined
        }
      case "crash":
        this.#kill(fault.process)
        return () => void this.#start(fault.process)
      case "rekey":
        this.#keyringOf = () => fault.keyring
        for (const place of this.#processes.keys()) {
          this.#agenda.at(this.#agenda.now + this.#random.between(0, fault.forMs), () => {
            this.#kill(place)
            this.#start(place)
          })
        }
        return undefined
      case "clock":
        for (const { machine } of this.#at(fault.process)) machine.setSkew(fault.skewMs)
        return undefined
      case "iam":
        Object.assign(this.#iamConditions, fault.conditions)
        return () => void Object.assign(this.#iamConditions, IAM_CALM)
      case "revoke":
        iam.revoke(identityAt(fault.identity))
        return undefined
      case "rotate":
        this.#rotate(fault)
        return undefined
    }
  }

  #rotate({ identity: place, forMs, isTold }: Extract<Fault, { kind: "rotate" }>): void {
    const { iam } = this.world
    const identity = identityAt(place)
    const secret = `${iam.secretOf(identity)}+`
    iam.setSecret(identity, secret)
    iam.revoke(identity)
    if (!isTold) return
    for (const process of this.#processes.values()) {
      process.machine.receive(this.#agenda.now + this.#random.between(0, forMs), () => process.tell(identity, secret))
    }
  }

  #kill(place: number): void {
    this.#processes.get(place)?.die()
    this.#processes.delete(place)
  }

  #at(place: number): FleetProcess[] {
    const process = this.#processes.get(place)
    return process === undefined ? [] : [process]
  }
}

function identityAt(place: number): string {
  return `customer-${place}`
}
