import type { SigningAlgorithm } from "@countersign/auth-core"

/** How a caller authenticated: by a signature, by Basic credentials, or by an IAM token. */
export type Scheme = "signature" | "basic" | "token"

/** The caller of a request that was accepted. `scheme` tells the kinds apart. */
export type Identity<Owner = unknown> = SignatureIdentity<Owner> | BasicIdentity<Owner> | TokenIdentity<Owner>

/** The signer of a request. */
export interface SignatureIdentity<Owner = unknown> {
  /** Tells the kinds of callers apart. */
  readonly scheme: "signature"
  /** The key that signed. */
  readonly accessKeyId: string
  /** The owner that `keys` gave with the key. */
  readonly owner: Owner
  /** The algorithm of the signature. */
  readonly algorithm: SigningAlgorithm
  /** Names in lower case, in byte order. */
  readonly signedHeaders: readonly string[]
  /** X-Sdk-Date, epoch ms. */
  readonly signedAt: number
  /** Region of the signature's scope; `undefined` without a scope. */
  readonly region: string | undefined
  /** Service of the signature's scope; `undefined` without a scope. */
  readonly service: string | undefined
  /** `false` if the route accepts signatures without the body, and this is one. */
  readonly isBodySigned: boolean
}

/** A caller that sent an access key with its secret, such as API Gateway. Nothing of the request is signed. */
export interface BasicIdentity<Owner = unknown> {
  /** Tells the kinds of callers apart. */
  readonly scheme: "basic"
  /** The key that was sent. */
  readonly accessKeyId: string
  /** The owner that `keys` gave with the key. */
  readonly owner: Owner
}

/** A caller with an IAM token. Nothing of the request is signed. */
export interface TokenIdentity<Owner = unknown> extends TokenCaller<Owner> {
  /** Tells the kinds of callers apart. */
  readonly scheme: "token"
  /** A token has no key. */
  readonly accessKeyId: undefined
}

/** An id and a name that IAM gave. */
export interface Named {
  /** As IAM made it. */
  readonly id: string
  /** As people know it. */
  readonly name: string
}

/** A user of IAM, with its account (domain). */
export interface TokenUser extends Named {
  /** The account that the user belongs to. */
  readonly domain: Named
}

/**
 * The caller that a token stands for, without the catalog.
 *
 * @see IAM API reference, "Verifying a Token"; Keystone's Identity API v3, "Validate and show information for token"
 */
export interface TokenFacts {
  /** The user; of a token through an agency, the agency. */
  readonly user: TokenUser
  /** The account (domain) that the token is scoped to, or that owns its project. `undefined` for a token without a scope. */
  readonly domain: Named | undefined
  /** The project that the token is scoped to. */
  readonly project: Named | undefined
  /** Names of the roles in that scope. */
  readonly roles: readonly string[]
  /** The user that assumed the agency. */
  readonly assumedBy: TokenUser | undefined
  /** How the token was got: `password`, say. */
  readonly methods: readonly string[]
  /** By IAM's clock, epoch ms. */
  readonly issuedAt: number | undefined
  /** By IAM's clock, epoch ms. */
  readonly expiresAt: number
}

/** A caller, with the owner that the source of tokens gave. */
export interface TokenCaller<Owner = unknown> extends TokenFacts {
  /** The owner of the caller; `undefined` where the source of tokens gives none. */
  readonly owner: Owner
}
