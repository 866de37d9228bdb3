import { agencyCredentials } from "../credentials/temporary-credentials.ts"
import { invalidOption } from "../errors/auth-error.ts"
import type { IamOptions } from "../iam/iam-connection.ts"
import type { Secret } from "../iam/secret.ts"
import type { TemporaryKeyOptions } from "../iam/token-request.ts"
import type { NameOrId, TokenScope } from "../iam/token-scope.ts"
import type { CredentialProvider, TokenProvider } from "../identity/provider.ts"
import { agencyToken } from "../tokens/exchanged-token.ts"
import { passwordToken } from "../tokens/password-token.ts"

export interface PartnerOptions extends IamOptions {
  /** An IAM user of the partner's account, by name or { id }, with the Agent Operator permission. */
  user: NameOrId
  /** As in {@link passwordToken}. All cached values of the partner and its customers are bound to it. */
  password: Secret
  /** The partner's own account, by name or { id }. */
  domain: NameOrId
  /** The code of the user's virtual MFA device, where login protection requires one; the user must then be { id }. */
  passcode?: Secret | undefined
}

/** A customer who allows the partner to act for it. */
export interface Customer {
  /** The customer's account, by name or { id }. */
  domain: NameOrId
  /** The name of the agency that the customer's account has for the partner. */
  agency: string
  /** The scope of the customer's token. @default the customer's account */
  scope?: TokenScope | undefined
}

/** The credentials that Partner Center's authentication page describes. */
export interface Partner {
  /** Tokens of the partner, for its own account. */
  readonly token: TokenProvider
  /** Tokens to act for a customer. */
  customerToken(customer: Customer): TokenProvider
  /** Temporary access keys, with security token, to act for a customer. */
  customerCredentials(customer: Omit<Customer, "scope">, options?: TemporaryKeyOptions): CredentialProvider
}

/**
 * The tokens of a partner, and the tokens and keys of its customers. By default the global IAM endpoint issues a token
 * for a domain.
 *
 * One partner serves any number of customers. All providers of one customer have the same identity key, so create them
 * as you need them: with a shared cache, each customer's token is fetched once, and the partner's token once for all.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION` or `AUTH_INSECURE_URL` at once, here and for a malformed customer.
 * @see Partner Center API reference, "Authentication"; FAQ on customer tokens
 */
export function partner(options: PartnerOptions): Partner {
  if (options.domain === undefined) {
    throw invalidOption("`domain` is missing: the partner's own account, by name or { id }.")
  }
  const token = passwordToken({ ...options, scope: { domain: options.domain } })
  return {
    token,
    customerToken(customer) {
      const { domain, agency, scope } = checkCustomer(customer)
      return agencyToken({ via: token, domain, agency, scope })
    },
    customerCredentials(customer, { durationSeconds, policy } = {}) {
      const { domain, agency } = checkCustomer(customer)
      return agencyCredentials({ via: token, domain, agency, durationSeconds, policy })
    },
  }
}

function checkCustomer(customer: Customer): Customer {
  if (typeof customer === "object" && customer !== null) return customer
  throw invalidOption("A customer is { domain, agency }: its account, and its agency's name.")
}
