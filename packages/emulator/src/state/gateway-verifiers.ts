import { signingAlgorithms } from "@countersign/auth-core/adapter"
import type { LockOut, TokenCaller, Verifier } from "@countersign/server"
import { createSilentVerifier } from "@countersign/server/adapter"
import type { Identities, IssuedToken, Principal } from "./identities.ts"

/** The caller of a request, and its project. */
export interface Authenticated {
  readonly principal: Principal
  readonly projectId: string | undefined
}

/** The gateway's rules. IAM's own routes look at tokens themselves. */
export interface GatewayVerifiers {
  readonly "token or signature": Verifier<Authenticated, boolean>
  readonly signature: Verifier<Authenticated, boolean>
  /** By AppKey and AppSecret. */
  readonly app: Verifier<Authenticated, boolean>
}

export function createGatewayVerifiers(
  identities: Identities,
  keyLockout: LockOut,
  now: () => number,
): GatewayVerifiers {
  const asGateway = {
    // Faults change keys at any time.
    keyCache: { ttlMs: 0, absentTtlMs: 0 },
    // The real gateway accepts a signature without Host or body.
    allowUnsignedHost: true,
    allowUnsignedPayload: true,
    // The real gateway shows the canonical request that it made.
    development: true,
    now,
  }
  const verifier = createSilentVerifier<Authenticated>({
    keys(accessKeyId) {
      const key = identities.key(accessKeyId)
      if (key === undefined || identities.isDisabled(key.principal.user)) return undefined
      return { ...key, owner: { principal: key.principal, projectId: undefined } }
    },
    tokens: {
      find(value) {
        const token = identities.token(value)
        const isUnknown = token === undefined || token.revoked || identities.isDisabled(token.principal.user)
        return isUnknown ? undefined : callerOf(token)
      },
    },
    ...asGateway,
    algorithms: signingAlgorithms(),
    // Open Telekom Cloud's gateway has the same software.
    scoped: true,
    regions: "any",
    services: "any",
    lockOut: keyLockout,
  })
  const app = createSilentVerifier<Authenticated>({
    keys(appKey) {
      const found = identities.app(appKey)
      return found && { ...found, owner: { principal: found.principal, projectId: undefined } }
    },
    ...asGateway,
    algorithms: ["SDK-HMAC-SHA256"],
  })
  return { "token or signature": verifier, signature: verifier.with({ schemes: ["signature"] }), app }
}

function callerOf({
  principal,
  project,
  domainScoped,
  methods,
  issuedAt,
  expiresAt,
}: IssuedToken): TokenCaller<Authenticated> {
  const { account, user, assumedBy } = principal
  const { domain } = account
  return {
    user: { ...user, domain },
    domain: domainScoped || project !== undefined ? domain : undefined,
    project,
    roles: [],
    assumedBy: assumedBy && { ...assumedBy.user, domain: assumedBy.account.domain },
    methods,
    issuedAt,
    expiresAt,
    owner: { principal, projectId: project?.id },
  }
}
