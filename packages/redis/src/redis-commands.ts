import type { NoticeListener, Subscription } from "./subscription.ts"

/** The commands of the store, for any client. */
export interface RedisCommands {
  run(script: string, keys: string[], values: string[]): Promise<unknown>
  /**
   * The command by which scripts tell others of a change. Channels of a cluster are sharded: only the node of the
   * channel learns of it. A script may use only channels whose slot is that of its keys.
   */
  readonly publishing: "PUBLISH" | "SPUBLISH"
  /** The text that the client of a cluster puts before keys, and not before channels. */
  readonly keyPrefix?: string | undefined
  /** Listens on connections of its own, which do not keep the process alive. */
  subscribe(listener: NoticeListener): Subscription
}
