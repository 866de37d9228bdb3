import { callerIdentity, isAuthError } from "@countersign/auth-core"
import { listAt, memberAt, parseJson, resolveEndpoint, textAt } from "@countersign/auth-core/adapter"
import { authenticatedFetchTo } from "./authenticated-fetch.ts"
import { isHuaweis } from "./cloud-of.ts"
import type { ReachOptions } from "./command-options.ts"
import { CommandError, EXIT_CODES, messageOf } from "./exit-code.ts"
import { explainedError } from "./explained-error.ts"
import { authOf, type Identity } from "./identity.ts"
import type { Transport } from "./transport.ts"

/** The caller, as IAM and STS know it, in the order in which it is shown. */
export interface WhoAmI {
  readonly account?: NamedId | undefined
  readonly user?: NamedId | undefined
  /** The name that STS gives, such as `sts::<account>:assumed-agency:<agency>/<session>`. */
  readonly principal?: string | undefined
  readonly project?: NamedId | undefined
  /** Who acts through an agency. */
  readonly assumedBy?: NamedId | undefined
  /** The end of a token, ISO 8601. */
  readonly expires?: string | undefined
  /** Why a fact is missing. */
  readonly notes: readonly string[]
}

export interface NamedId {
  readonly id: string
  readonly name?: string | undefined
}

/** Asks IAM about a token, STS and IAM about an access key. */
export async function whoAmI(identity: Identity, options: ReachOptions, transport: Transport): Promise<WhoAmI> {
  return identity.kind === "token"
    ? await ownerOfToken(identity, options, transport)
    : await ownerOfAccessKey(identity, options, transport)
}

/** The projects that the caller sees. */
export async function projectsOf(identity: Identity, options: ReachOptions, transport: Transport): Promise<NamedId[]> {
  const body = await askIam("/v3/auth/projects", "Listing the projects", identity, options, transport)
  return namedIn(body, "projects")
}

/**
 * The origin of IAM.
 *
 * @throws {AuthError} for a malformed origin or region, and for plain http to another machine
 */
export function iamOriginOf({ iamEndpoint, region, cloud, allowInsecure }: ReachOptions, identity?: Identity): string {
  const inherited = identity?.kind === "access key" ? identity.credentials.iamEndpoint : undefined
  return resolveEndpoint({ endpoint: iamEndpoint, option: "iamEndpoint", region, cloud, inherited, allowInsecure })
}

async function ownerOfToken(
  identity: Identity & { kind: "token" },
  options: ReachOptions,
  transport: Transport,
): Promise<WhoAmI> {
  const subject = { "X-Subject-Token": identity.token.value }
  const body = await askIam(
    "/v3/auth/tokens?nocatalog=true",
    "Asking IAM about the token",
    identity,
    options,
    transport,
    subject,
  )
  const token = memberAt(body, "token")
  const user = memberAt(token, "user")
  return {
    account: named(memberAt(user, "domain") ?? memberAt(token, "domain")),
    user: named(user),
    project: named(memberAt(token, "project")),
    assumedBy: named(memberAt(token, "assumed_by", "user")),
    expires: isoTime(memberAt(token, "expires_at")),
    notes: [],
  }
}

async function ownerOfAccessKey(
  identity: Identity & { kind: "access key" },
  options: ReachOptions,
  transport: Transport,
): Promise<WhoAmI> {
  const notes: string[] = []
  const { region, cloud, allowInsecure } = options
  const { fetch } = transport
  let principal: string | undefined
  let accountId: string | undefined
  const hasSts = cloud === undefined || isHuaweis(cloud)
  // A cloud that is named wins over the variable.
  const isStsKnown =
    region !== undefined || (cloud === undefined && process.env.HUAWEICLOUD_SDK_STS_ENDPOINT !== undefined)
  if (hasSts && isStsKnown) {
    const sts = { region, cloud, allowInsecure, fetch }
    const caller = await callerIdentity(sts, identity.credentials).catch(async (error: unknown) => {
      throw await explainedError(error, transport, identity.credentials)
    })
    principal = caller.principalUrn
    accountId = caller.accountId
  } else {
    notes.push(
      hasSts
        ? "The user is unknown: STS, which knows it, has no global endpoint. Pass --region, or set HUAWEICLOUD_SDK_STS_ENDPOINT."
        : `The user is unknown: STS, which knows it, is not asked in ${cloud.domain}.`,
    )
  }
  const account = await accountOf(identity, options, transport).catch((error: unknown) => {
    // STS has said enough.
    if (accountId === undefined) throw error
    notes.push(`The name of the account is unknown: ${messageOf(error)}`)
    return undefined
  })
  return { account: account ?? (accountId === undefined ? undefined : { id: accountId }), principal, notes }
}

async function accountOf(
  identity: Identity,
  options: ReachOptions,
  transport: Transport,
): Promise<NamedId | undefined> {
  const body = await askIam("/v3/auth/domains", "Asking IAM for the account", identity, options, transport)
  return namedIn(body, "domains")[0]
}

async function askIam(
  path: string,
  action: string,
  identity: Identity,
  options: ReachOptions,
  transport: Transport,
  headers: Record<string, string> = {},
): Promise<unknown> {
  const url = iamOriginOf(options, identity) + path
  // The ids are those of a request, and `auto` would look them up here.
  const auth = await authOf(identity, { ...options, projectId: undefined, domainId: undefined }, transport)
  const { allowInsecure } = options
  const send = authenticatedFetchTo(url, auth, { host: [new URL(url).host], allowInsecure }, transport.fetch)
  const response = await send(url, { headers, signal: AbortSignal.timeout(10_000) }).catch((error: unknown) => {
    if (isAuthError(error) || error instanceof CommandError) throw error
    throw new CommandError(
      EXIT_CODES.unreachable,
      `${action} failed: ${new URL(url).origin} does not answer (${reasonOf(error)}).`,
    )
  })
  const text = await response.text()
  if (response.ok) return parseJson(text)
  const { explain } = await import("@countersign/auth-core/explain")
  const credentials = identity.kind === "access key" ? identity.credentials : undefined
  const { status, headers: received } = response
  const explanation = explain(
    { status, headers: received, body: text },
    { request: transport.lastRequest(), credentials },
  )
  throw new CommandError(
    response.status >= 500 || response.status === 429 ? EXIT_CODES.unreachable : EXIT_CODES.refused,
    `${action} failed.\n${explanation}`,
  )
}

/** The innermost cause of a failed fetch says most. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const inner = error instanceof AggregateError ? error.errors[0] : error.cause
  if (inner instanceof Error) return reasonOf(inner)
  if (error.message === "bad port") return "fetch refuses its port"
  return error.message === "" ? error.name : error.message
}

function isoTime(value: unknown): string | undefined {
  const time = typeof value === "string" ? Date.parse(value) : Number.NaN
  return Number.isNaN(time) ? undefined : new Date(time).toISOString()
}

function namedIn(body: unknown, list: string): NamedId[] {
  return listAt(body, list)
    .map(named)
    .filter((one) => one !== undefined)
}

function named(value: unknown): NamedId | undefined {
  const id = textAt(value, "id")
  return id === undefined ? undefined : { id, name: textAt(value, "name") }
}
