import type { RequestListener } from "node:http"
import type { Server } from "node:net"
import type { Auth } from "@countersign/auth-core"
import type { Answer, Arrival, RecordingServer } from "./recording-server.ts"

/** One documented feature of a client, used once, so that its use with and without auth can be compared. */
export interface Feature<Client> {
  /** In the present tense, such as "retries after a 503". */
  name: string
  /** Where the client documents it. */
  documentation: string
  /** The answer of the recording server; the index begins at 0 for each run. @default 200 with `{"ok":true}` */
  answer?(arrival: Arrival, index: number): Answer | Promise<Answer>
  /**
   * Uses the feature.
   *
   * @returns what its user sees of it, as plain data; never `undefined`. The hosts of the run's servers are called `server-1`
   * and so on.
   */
  run(client: Client, context: FeatureContext): Promise<unknown>
  /** The result of the client without auth, if it is to be pinned. May hold asymmetric matchers. */
  gives?: unknown
  /** The releases that have it, by name. @default all */
  releases?: readonly string[]
  /** It changes something of the whole process, so nothing may run beside it. @default false */
  alone?: boolean
  /** Present if it is meant to behave differently with auth. */
  differs?: Difference
}

/** An intended difference. The test fails if it does not show. */
export interface Difference {
  /** For the reader of the page: one sentence. */
  because: string
  /** The result of the client with auth. @default the same */
  gives?: unknown
  /** The requests that arrive differ, and are not compared. @default false */
  onTheWire?: boolean
  /** Only an auth that reads bodies, such as a signature, makes a difference. @default false */
  onlyWhereRead?: boolean
  /** The releases with the difference. @default all */
  releases?: readonly string[]
}

export interface FeatureContext {
  /** Name of the release, as in the list. */
  release: string
  /** Answers as the feature's `answer` says. */
  server: RecordingServer
  /**
   * Another server on this machine, for answers that the recording server cannot give: a listener for HTTP, or a server of
   * any kind. Closed after the run.
   */
  listen(served: RequestListener | Server): Promise<string>
  /**
   * A time limit that is to run out, milliseconds, long enough for a request to arrive. A feature that reads it and fails is
   * used again with a longer one, so that no result depends on the machine's speed.
   */
  readonly limitMs: number
  /** Runs some work after the run, such as closing what was opened. */
  defer(work: () => unknown): void
}

/** A release of a client, as a user has it. */
export interface FeatureRelease<Client> {
  /** Such as "ky 1.7". */
  name: string
  /** The exact version, for the page. */
  version: string
  /**
   * The client, made ready for the recording server; authenticated when there is an auth, for each host named 127.0.0.1.
   */
  connect(setup: FeatureSetup): Client | Promise<Client>
}

export interface FeatureSetup extends Omit<FeatureContext, "limitMs"> {
  auth: Auth | undefined
}

/** All features of a client that are compared, by theme. */
export interface FeatureList<Client> {
  /** Name of the client, for the page. */
  client: string
  /** Features may be used concurrently, unless one says otherwise. @default false */
  concurrent?: boolean
  releases: readonly FeatureRelease<Client>[]
  themes: Readonly<Record<string, readonly Feature<Client>[]>>
}

/** The releases of a list that have a feature. */
export function releasesWith<Client>(
  { releases }: FeatureList<Client>,
  feature: Pick<Feature<Client>, "releases">,
): readonly FeatureRelease<Client>[] {
  const { releases: named } = feature
  if (named === undefined) return releases
  const unknown = named.filter((name) => !releases.some((release) => release.name === name))
  if (unknown.length > 0) throw new Error(`No such release in the list: ${unknown.join(", ")}`)
  return releases.filter(({ name }) => named.includes(name))
}
