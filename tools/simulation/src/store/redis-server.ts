import { type CommandContext, isGrowing, isWrite, runCommand } from "./commands.ts"
import { compileScript, type Globals, type Script } from "./compile-script.ts"
import { Keyspace } from "./keyspace.ts"
import { fromReply, LuaTable, type LuaValue, toReply } from "./lua-values.ts"
import { ErrorReply, type Reply } from "./replies.ts"

/** Receives a message that was published. */
export type Hearer = (message: string) => void

/** The faults of a server. */
export interface ServerTroubles {
  /** It refuses to publish and to subscribe, as a user of Redis 7 is refused whose channels nobody named. */
  mayNotUseChannels: boolean
  /** It has no memory left for more. */
  isFull: boolean
  /** It refuses one command, by name: a narrow list of rights. */
  refused: string | undefined
}

/** A server without faults. */
export const HEALTHY: Readonly<ServerTroubles> = { mayNotUseChannels: false, isFull: false, refused: undefined }

const compiled = new Map<string, Script>()

/**
 * A model of a Redis server. It runs the text of scripts, whatever they are, on a model of the commands. A test compares
 * it with a real one.
 */
export class RedisServer {
  readonly troubles: ServerTroubles = { ...HEALTHY }
  readonly keyspace = new Keyspace()
  /** Scripts that clients sent. */
  commands = 0
  /** Messages to hearers. */
  notices = 0
  /** When a script put an older version of a record in place of a newer one, by the agenda. */
  readonly overwritten: number[] = []
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

  /** Runs a script as one step. @throws {ErrorReply} */
  eval(text: string, keys: readonly string[], values: readonly string[]): Reply {
    this.commands += 1
    this.#checkRight("EVAL")
    let script = compiled.get(text)
    if (script === undefined) {
      script = compileScript(text)
      compiled.set(text, script)
    }
    const before = this.#versionOf(keys[0])
    const reply = toReply(script(this.#globals(keys, values)))
    if (this.#versionOf(keys[0]) < before) this.overwritten.push(this.#moment())
    return reply
  }

  /** Of the last value that was set or deleted; 0 without any, as after a loss. */
  #versionOf(key = ""): number {
    const { value } = this.keyspace.get(key, this.#clock()) ?? {}
    return typeof value === "object" ? Number(value.get("version") ?? 0) : 0
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
    const redis = LuaTable.record({ call, pcall })
    return new Map<string, LuaValue>([
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
    if (this.troubles.refused === name) {
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
        for (const hear of hearers ?? []) hear(message)
        return hearers?.size ?? 0
      },
    }
  }
}

function argument(value: LuaValue): string {
  if (typeof value === "string") return value
  throw new Error("The model of Redis takes texts only as arguments of a command.")
}
