/** The owner of a key in the service contract. */
export interface ServiceOwner {
  tenant: string
}

interface Named {
  id: string
  name: string
}

/** The caller of a token, as `createVerifier` takes it. */
interface ServiceToken {
  owner: ServiceOwner
  user: Named & { domain: Named }
  domain: Named
  project: undefined
  roles: string[]
  assumedBy: undefined
  methods: string[]
  issuedAt: number
  expiresAt: number
}

/** The service is started with this. */
export interface ServiceSetting {
  /** For `createVerifier`. */
  verifier: {
    keys(
      accessKeyId: string,
    ):
      | { secretAccessKey: string; securityToken?: string | undefined; owner: ServiceOwner }
      | undefined
      | Promise<{ secretAccessKey: string; owner: ServiceOwner } | undefined>
    keyCache?: { ttlMs: number; absentTtlMs: number }
    basic?: boolean
    tokens?: { find(token: string): Promise<ServiceToken | undefined> }
    refusals?: "gateway" | "problem"
    tokenPolicy?: { roles: string[] } | ((caller: object) => boolean)
    optional?: boolean
    algorithms?: readonly (
      | "SDK-HMAC-SHA256"
      | "SDK-HMAC-SM3"
      | "V11-HMAC-SHA256"
      | "SDK-ECDSA-P256-SHA256"
      | "SDK-SM2-SM3"
    )[]
    scoped?: boolean
    regions?: "any"
    services?: "any"
    maxSkewMs?: number
  }
  /** For every route. */
  proxy?: { host?: string; hostHeader?: string; removedPrefix?: string; prefixHeader?: string; addedPrefix?: string }
  /** Handlers add to it, in order. */
  seen: Seen[]
}

/** The view of a handler. */
export interface Seen {
  route: string
  /** The tenant, when the handler began. */
  tenant: string | undefined
  /** The tenant after the body. */
  later?: string | undefined
  /** Bytes of the body so far. */
  bytes?: number
  /** The error of a body that failed. */
  failure?: unknown
}

export interface RunningService {
  /** The same application on two ports: origins. */
  origins: readonly [string, string]
  close(): Promise<void>
}

/**
 * A package for a framework. Its service has these routes, each behind the auth, and CORS in front of it for
 * `https://app.example.com`. Answers are JSON. Each handler adds to `seen` when it begins.
 *
 * - `GET /who`: `{ tenant }`
 * - `POST /json`, `/form`, `/multipart`: `{ tenant, body }`: the body as the framework parses it. Of the form with a file: its
 *   field `name`, and the bytes of its file `file` in base64
 * - any method `/bytes`: `{ tenant, base64 }` of the body
 * - `POST /raw` with `rawBody`: `{ tenant, body, raw }`: parsed JSON, and the text of `rawBody`
 * - any method `/optional` with `optional`: `{ tenant }`, null without a caller, and `body` as parsed JSON, if it is a POST
 * - `POST /small` with `maxBodyBytes: 10`: `{ tenant }`
 * - `POST /unsigned` with `allowUnsignedPayload`, and `GET /once` with `replay`: `{ tenant }`
 * - `POST /stream` with `maxBodyBytes: Infinity`, `POST /early` with `streamBody` too: `{ tenant, bytes }`. The handler reads
 *   the body as a stream. It keeps `bytes` of `seen` after each chunk, then `later`, or `failure`
 * - `POST /swallow`: the same, but a body that fails gets the answer 200
 * - any method `/twice` behind two checks with `replay`: `{ tenant }`
 * - any method, any other path, with `allowUnsignedPayload` and `allowUnsignedHost`: `{ tenant }`
 * - `GET /failing`: throws an error whose answer is 418
 */
export interface ServiceUnderTest {
  /** The names of vectors that do not reach the auth as they were sent, since the framework or its requests change them. */
  unseen?: readonly string[]
  start(setting: ServiceSetting): Promise<RunningService>
}
