import { type CommandContext, isGrowing, isWrite, runCommand } from "./commands.ts"
import { compileScript, type Globals, type Script } from "./compile-script.ts"
import { Keyspace } from "./keyspace.ts"
import { luaLibrary } from "./lua-library.ts"
import { fromReply, LuaTable, type LuaValue, numberText, toReply } from "./lua-values.ts"
import { ErrorReply, type Reply } from "./replies.ts"

/** Receives a message that was published. */
export type Hearer = (channel: string, message: string) => void

/** The faults of a server. */
export interface ServerTroubles {
  /** It refuses to publish and to subscribe, as a user of Redis 7 is refused whose channels nobody named. */
  mayNotUseChannels: boolean
  /** It has no memory left for more. */
  isFull: boolean
  /** It refuses one command, by name: a narrow list of rights. */
  refused: string | undefined
  /** Plain reads come from a replica that is this far behind, milliseconds. */
  readLagMs: number
}

const compiled = new Map<string, Script>()

/**
 * A model of a Redis server. It runs the text of scripts, whatever they are, on a model of the commands. A test compares
 * it with a real one.
 */
export class RedisServer {
  readonly troubles: ServerTroubles = { mayNotUseChannels: false, isFull: false, refused: undefined, readLagMs: 0 }
  readonly keyspace = new Keyspace()
  /** Commands of clients, by name. */
  readonly commands = new Map<string, number>()
  /** Messages to hearers. */
  notices = 0
  readonly #clock: () => number
  readonly #moment: () => number
  readonly #hearers = new Map<string, Set<Hearer>>()

  /**
   * @param clock the server's clock, epoch ms
   * @param moment milliseconds that never go back
   */
  constructor(clock: () => number, moment: () => number) {
    this.#clock = clock
    this.#moment = moment
  }

  /** @throws {ErrorReply} */
  get(key: string): string | undefined {
    this.#count("GET")
    this.#checkRight("GET")
    const { readLagMs } = this.troubles
    const now = this.#now()
    const entry =
      readLagMs > 0 ? this.keyspace.before(this.#moment() - readLagMs, key, now) : this.keyspace.get(key, now)
    return typeof entry?.value === "string" ? entry.value : undefined
  }

  /** @throws {ErrorReply} */
  call(name: string, ...given: string[]): Reply {
    this.#count(name)
    return this.#run(this.#context(), name, given, false)
  }

  /** Runs a script as one step. @throws {ErrorReply} */
  eval(text: string, keys: readonly string[], values: readonly string[]): Reply {
    this.#count("EVAL")
    this.#checkRight("EVAL")
    let script = compiled.get(text)
    if (script === undefined) {
      script = compileScript(text)
      compiled.set(text, script)
    }
    return toReply(script(this.#globals(keys, values)))
  }

  /** @throws {ErrorReply} */
  hear(channel: string, hearer: Hearer): void {
    if (this.troubles.mayNotUseChannels) throw new ErrorReply("NOPERM No permissions to access a channel")
    const hearers = this.#hearers.get(channel) ?? new Set()
    this.#hearers.set(channel, hearers.add(hearer))
  }

  ignore(channel: string, hearer: Hearer): void {
    this.#hearers.get(channel)?.delete(hearer)
  }

  /** Forgets all subscriptions, as a server does that was started anew. */
  forgetHearers(): void {
    this.#hearers.clear()
  }

  #globals(keys: readonly string[], values: readonly string[]): Globals {
    const context = this.#context()
    let hasWritten = false
    const call = (...given: LuaValue[]): LuaValue => {
      const [name = "", ...texts] = given.map(argument)
      const reply = this.#run(context, name, texts, hasWritten)
      hasWritten ||= isWrite(name)
      return fromReply(reply)
    }
    const pcall = (...given: LuaValue[]): LuaValue => {
      try {
        return call(...given)
      } catch (error) {
        if (error instanceof ErrorReply) return LuaTable.record({ err: error.message })
        throw error
      }
    }
    const redis = LuaTable.record({
      call,
      pcall,
      error_reply: (text) => LuaTable.record({ err: String(text) }),
      status_reply: (text) => LuaTable.record({ ok: String(text) }),
    })
    return new Map<string, LuaValue>([
      ...luaLibrary,
      ["KEYS", LuaTable.of(keys)],
      ["ARGV", LuaTable.of(values)],
      ["redis", redis],
    ])
  }

  #run(context: CommandContext, name: string, given: readonly string[], hasWritten: boolean): Reply {
    this.#checkRight(name)
    // A script is not stopped in its midst.
    if (this.troubles.isFull && !hasWritten && isGrowing(name)) {
      throw new ErrorReply("OOM command not allowed when used memory > 'maxmemory'.")
    }
    return runCommand(context, name, given)
  }

  #checkRight(name: string): void {
    if (this.troubles.refused === name.toUpperCase()) {
      throw new ErrorReply("ERR The user executing the script can't run this command or subcommand")
    }
  }

  #context(): CommandContext {
    const micros = Math.round(this.#clock() * 1_000)
    return {
      keyspace: this.keyspace,
      now: Math.floor(micros / 1_000),
      micros,
      at: this.#moment(),
      publish: (channel, message) => {
        if (this.troubles.mayNotUseChannels) {
          throw new ErrorReply(
            "ERR The user executing the script can't publish to the channel mentioned in the command",
          )
        }
        const hearers = this.#hearers.get(channel)
        this.notices += hearers?.size ?? 0
        for (const hear of hearers ?? []) hear(channel, message)
        return hearers?.size ?? 0
      },
    }
  }

  #now(): number {
    return Math.floor(Math.round(this.#clock() * 1_000) / 1_000)
  }

  #count(name: string): void {
    this.commands.set(name, (this.commands.get(name) ?? 0) + 1)
  }
}

function argument(value: LuaValue): string {
  if (typeof value === "string") return value
  if (typeof value === "number") return Number.isInteger(value) ? String(value) : numberText(value)
  throw new ErrorReply("ERR Lua redis lib command arguments must be strings or integers")
}
