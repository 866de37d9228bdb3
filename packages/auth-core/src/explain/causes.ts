/** Why a request was refused. Closed: a `switch` over it can be checked for completeness. */
export type Cause =
  // Signed and received differ.
  | "method-changed"
  | "path-encoded-twice"
  | "path-trailing-slash"
  | "path-prefix"
  | "query-reordered"
  | "query-encoded-otherwise"
  | "query-parameter-lost"
  | "query-parameter-added"
  | "host-changed"
  | "content-type-changed"
  | "header-changed"
  | "header-dropped"
  | "header-folded"
  | "signed-headers-changed"
  | "body-lost"
  | "body-placeholder"
  | "body-json-rewritten"
  | "body-reencoded"
  | "body-compressed"
  | "body-changed"
  | "payload-unsigned"
  | "wrong-algorithm"
  | "unknown-difference"
  | "signature-mismatch"
  // Signed and received agree.
  | "wrong-secret-key"
  | "secret-key-whitespace"
  | "secret-key-quotes"
  | "security-token-missing"
  | "wrong-credential-scope"
  // Time.
  | "clock-skew"
  | "signature-stale"
  // The identity.
  | "access-key-unknown"
  | "access-key-of-other-cloud"
  | "access-key-disabled"
  | "access-key-locked"
  | "account-locked"
  | "password-wrong"
  | "identity-refused"
  | "user-disabled"
  | "console-only-user"
  | "mfa-required"
  | "token-expired"
  | "token-invalid"
  | "credentials-not-sent"
  | "credentials-refused"
  | "app-credentials-refused"
  | "authorizer-refused"
  // Permissions.
  | "permission-denied"
  | "wrong-identity"
  | "agency-not-granted"
  | "project-missing"
  | "domain-missing"
  | "not-found-in-account"
  | "region-disabled"
  | "address-not-allowed"
  | "account-suspended"
  // The request itself, and where it went.
  | "api-not-found"
  | "api-misconfigured"
  | "wrong-endpoint"
  | "not-huawei-cloud"
  | "bad-request"
  | "body-too-large"
  | "headers-too-large"
  | "not-authentication"
  // Later attempts may succeed.
  | "throttled"
  | "service-unavailable"
  // Nobody answered, or nothing is known.
  | "not-sent"
  | "no-answer"
  | "not-refused"
  | "unknown"

/** Repeating the request may lock this. */
export type Locks = "access-key" | "account" | false

export interface CauseFacts {
  /** One sentence, for people. */
  readonly summary: string
  readonly fix: string
  /** Whether the request may succeed when it is sent later or authenticated anew, with nothing corrected. */
  readonly retryable: boolean
  readonly locks: Locks
}

const NEVER = { retryable: false, locks: false } as const
const RETRY = { retryable: true, locks: false } as const
/** More than five failed signatures in a row lock the access key for five minutes. */
const LOCKS_KEY = { retryable: false, locks: "access-key" } as const
const LOCKS_ACCOUNT = { retryable: false, locks: "account" } as const

export const CAUSES: Readonly<Record<Cause, CauseFacts>> = {
  "method-changed": {
    summary: "The request arrived with another method than the signed one.",
    fix: "Find what rewrites the method: a redirect that turns POST into GET, X-HTTP-Method-Override, or a proxy. Sign the method that goes on the wire.",
    ...LOCKS_KEY,
  },
  "path-encoded-twice": {
    summary: "One side percent-encoded the path once more than the other.",
    fix: "Pass the path encoded once, and let nothing encode it again: neither a client that takes it for raw text, nor a proxy.",
    ...LOCKS_KEY,
  },
  "path-trailing-slash": {
    summary: "The paths differ only in slashes.",
    fix: "Sign the path with a slash at its end, whether or not it is sent, and keep double slashes as they are sent.",
    ...LOCKS_KEY,
  },
  "path-prefix": {
    summary: "A proxy added a prefix to the path, or removed one.",
    fix: "Sign the path that the gateway receives, or have the proxy pass the path on as it is.",
    ...LOCKS_KEY,
  },
  "query-reordered": {
    summary: "The query has the same parameters in another order.",
    fix: "Sort the parameters by name, and repeats by value, before signing.",
    ...LOCKS_KEY,
  },
  "query-encoded-otherwise": {
    summary: "The query has the same parameters in another encoding.",
    fix: "Send spaces as %20 and plus signs as %2B, encode each parameter once, and let no proxy rewrite the query.",
    ...LOCKS_KEY,
  },
  "query-parameter-lost": {
    summary: "A query parameter that was signed did not arrive.",
    fix: "Find what drops it: a proxy or rewrite rule, or a client that leaves out empty or repeated parameters.",
    ...LOCKS_KEY,
  },
  "query-parameter-added": {
    summary: "A query parameter arrived that was not signed.",
    fix: "Find what adds it, such as a proxy or a client's default parameters, and sign the final URL.",
    ...LOCKS_KEY,
  },
  "host-changed": {
    summary: "The request arrived with another Host than the signed one.",
    fix: "Have the proxy pass Host on as it is, with the port where one is sent, or sign for the host that the gateway sees.",
    ...LOCKS_KEY,
  },
  "content-type-changed": {
    summary: "Content-Type was signed, and arrived with another value.",
    fix: "Leave Content-Type out of the signed headers, or set the final value before signing, charset and boundary included.",
    ...LOCKS_KEY,
  },
  "header-changed": {
    summary: "A signed header arrived with another value.",
    fix: "Sign no header that a proxy or the client may still change, or find what changes it.",
    ...LOCKS_KEY,
  },
  "header-dropped": {
    summary: "A signed header did not arrive.",
    fix: "Find what drops it: a proxy, a redirect, or a gateway that drops names with an underscore. Otherwise leave it unsigned.",
    ...LOCKS_KEY,
  },
  "header-folded": {
    summary: "A signed header arrived with other white space, or with its values joined otherwise.",
    fix: "Send each signed header once, without white space around it or runs of white space in it.",
    ...LOCKS_KEY,
  },
  "signed-headers-changed": {
    summary: "The gateway took another list of signed headers than the one that was signed.",
    fix: "Find what changes the Authorization header, and sign exactly the names that SignedHeaders lists.",
    ...LOCKS_KEY,
  },
  "body-lost": {
    summary: "A body was signed, and none arrived.",
    fix: "Find where it is dropped: a redirect that turns into GET, a client that sends no body with GET or DELETE, or a proxy.",
    ...LOCKS_KEY,
  },
  "body-placeholder": {
    summary: "One side hashed a placeholder instead of the body.",
    fix: "Sign the bytes that are sent. `[object Object]` and `undefined` come from converting a body to text, `{}` from a client that adds an empty object.",
    ...LOCKS_KEY,
  },
  "body-json-rewritten": {
    summary: "The body arrived as the same JSON in other bytes.",
    fix: "Serialize once, then sign and send that text. No client, interceptor or proxy may parse it and write it again.",
    ...LOCKS_KEY,
  },
  "body-reencoded": {
    summary: "The body arrived in another character encoding.",
    fix: "Turn the text into UTF-8 bytes before signing, and send those bytes.",
    ...LOCKS_KEY,
  },
  "body-compressed": {
    summary: "The body was compressed after it was signed.",
    fix: "Sign the compressed bytes, or turn compression of requests off.",
    ...LOCKS_KEY,
  },
  "body-changed": {
    summary: "The body arrived with other bytes than the signed ones.",
    fix: "Compare the body at the last point under your control with the signed one: proxies, interceptors and transformers may change it.",
    ...LOCKS_KEY,
  },
  "payload-unsigned": {
    summary: "One side left the body out of the signature (UNSIGNED-PAYLOAD) and the other did not.",
    fix: "Send X-Sdk-Content-Sha256: UNSIGNED-PAYLOAD and sign that header, or neither.",
    ...LOCKS_KEY,
  },
  "wrong-algorithm": {
    summary: "The two sides used different signing algorithms.",
    fix: "Use the algorithm of the endpoint: SDK-HMAC-SHA256 nearly everywhere; V11-HMAC-SHA256 with service `iotdm` for IoTDA instances; SM3 only where the service asks for it.",
    ...LOCKS_KEY,
  },
  "unknown-difference": {
    summary: "The request was changed between signing and the gateway, in a way that has no name here.",
    fix: "Look at the lines that differ, and find what stands between the client and the gateway.",
    ...LOCKS_KEY,
  },
  "signature-mismatch": {
    summary: "The signature is not the one the gateway computed.",
    fix: "Pass the request that was sent to `explain`, so that it can be compared with what the gateway received. Stop before the fifth failure in a row.",
    ...LOCKS_KEY,
  },
  "wrong-secret-key": {
    summary: "The gateway received what was signed, so the secret key is wrong.",
    fix: "Check that the SK belongs to this AK. If it does, check whether the account is in arrears or frozen.",
    ...LOCKS_KEY,
  },
  "secret-key-whitespace": {
    summary: "The secret key has white space or an invisible character in it.",
    fix: "Copy the SK again, without blanks, line breaks or a byte order mark.",
    ...LOCKS_KEY,
  },
  "secret-key-quotes": {
    summary: "The secret key has quotes around it.",
    fix: "Remove the quotes: files and variables are read as they stand.",
    ...LOCKS_KEY,
  },
  "security-token-missing": {
    summary: "A temporary access key was used without its security token.",
    fix: "Send and sign X-Security-Token: AK, SK and security token are used together.",
    ...LOCKS_KEY,
  },
  "wrong-credential-scope": {
    summary: "The signing key was derived for another region or service.",
    fix: "Pass the region of the endpoint, and `iotdm` as the service of IoTDA.",
    ...LOCKS_KEY,
  },
  "clock-skew": {
    summary: "The clock of this machine and that of the gateway are more than 15 minutes apart.",
    fix: "Set the clock by NTP. Clients of this library learn the difference and sign once more.",
    ...RETRY,
  },
  "signature-stale": {
    summary: "The signature was more than 15 minutes old when it arrived, or it had arrived before.",
    fix: "Sign each attempt just before it is sent: not once at the start, not before a queue, and anew for each retry of the transport.",
    ...RETRY,
  },
  "access-key-unknown": {
    summary: "The gateway does not know the access key.",
    fix: "Check the AK: it may be deleted, belong to another partition of the cloud, be temporary and expired, or lack its security token.",
    ...NEVER,
  },
  "access-key-of-other-cloud": {
    summary: "The access key belongs to another cloud.",
    fix: "Use the AK of a Huawei Cloud IAM user: 20 upper-case letters and digits.",
    ...NEVER,
  },
  "access-key-disabled": {
    summary: "The access key is disabled.",
    fix: "Enable it in IAM, or use another.",
    ...NEVER,
  },
  "access-key-locked": {
    summary: "Failed signatures locked the access key; until the lock ends even a right signature is refused.",
    fix: "Stop for 5 minutes, correct the cause of the failures, then go on.",
    retryable: true,
    locks: "access-key",
  },
  "account-locked": {
    summary: "Too many failed logins locked the user.",
    fix: "Make no login for 15 minutes, since each one prolongs the lock. Correct the password first.",
    retryable: true,
    locks: "account",
  },
  "password-wrong": {
    summary: "The password is wrong.",
    fix: "Correct the password. Repeated failures lock the user.",
    ...LOCKS_ACCOUNT,
  },
  "identity-refused": {
    summary: "IAM refuses the login: user, password or account name is wrong, or the user may not log in this way.",
    fix: "Use an IAM user with programmatic access, not a HUAWEI ID. `domain` is the account name. With login protection, add a passcode.",
    ...LOCKS_ACCOUNT,
  },
  "user-disabled": {
    summary: "The IAM user is disabled.",
    fix: "Enable the user, or use another.",
    ...NEVER,
  },
  "console-only-user": {
    summary: "The IAM user may use the console only.",
    fix: "Give the user programmatic access.",
    ...NEVER,
  },
  "mfa-required": {
    summary: "The login needs a code of the user's virtual MFA device.",
    fix: "Pass a `passcode`, with the user by id; or use a user without login protection for programs.",
    ...LOCKS_ACCOUNT,
  },
  "token-expired": {
    summary: "The token has expired.",
    fix: "Get a new token. If a fresh one is refused too, it was issued for another region.",
    ...RETRY,
  },
  "token-invalid": {
    summary: "The token is revoked, cut short, or of another region or environment.",
    fix: "Get a new token, and pass it whole. A change of the user's password, keys or permissions ends tokens at once.",
    ...RETRY,
  },
  "credentials-not-sent": {
    summary: "Neither a token nor a signature arrived.",
    fix: "Check that the request is authenticated, and that no proxy, redirect or browser preflight removes the headers.",
    ...NEVER,
  },
  "credentials-refused": {
    summary: "The credentials were refused without a reason.",
    fix: "Check which identity is used and whether it is still valid.",
    ...NEVER,
  },
  "app-credentials-refused": {
    summary: "The API asks for app authentication, and refuses the app.",
    fix: "Use the AppKey and AppSecret, or the AppCode, that the API was granted to.",
    ...NEVER,
  },
  "authorizer-refused": {
    summary: "The API's own authorizer refused the request.",
    fix: "Ask the publisher of the API for the credential that it expects.",
    ...NEVER,
  },
  "permission-denied": {
    summary: "The caller was recognized, and may not do this.",
    fix: "Grant the action to the user or agency. New permissions can take minutes to work.",
    ...NEVER,
  },
  "wrong-identity": {
    summary: "This API is for another kind of account: the customer's, or the partner's.",
    fix: "Call it with the other identity, such as the customer's token through the agency.",
    ...NEVER,
  },
  "agency-not-granted": {
    summary: "The agency does not exist, does not trust the caller, or the caller lacks the Agent Operator permission.",
    fix: "Check the name of the agency and the account it trusts, and grant Agent Operator to the user.",
    ...NEVER,
  },
  "project-missing": {
    summary: "The project is missing, does not exist, or is not available to the caller.",
    fix: "Pass the project of the endpoint's region: `projectId`, X-Project-Id, or the scope of the token.",
    ...NEVER,
  },
  "domain-missing": {
    summary: "The account (domain) is missing or does not exist.",
    fix: "Pass the account: `domainId` or X-Domain-Id for global services with AK/SK, else the domain of the token.",
    ...NEVER,
  },
  "not-found-in-account": {
    summary: "IAM finds nothing under that name or id in this account.",
    fix: "Check the name or id, and the account in which it was looked up.",
    ...NEVER,
  },
  "region-disabled": {
    summary: "The region is not open to this user or account.",
    fix: "Enable the region in IAM, or use another.",
    ...NEVER,
  },
  "address-not-allowed": {
    summary: "The IP address of the caller is not allowed.",
    fix: "Add the address to the access list, or call from another one.",
    ...NEVER,
  },
  "account-suspended": {
    summary: "The account or project is frozen, or a quota is used up.",
    fix: "Check the account for arrears and restrictions.",
    ...NEVER,
  },
  "api-not-found": {
    summary: "There is no such API at this host: path, method, region or stage is wrong.",
    fix: "Check host and path against the API reference. An empty id in the path gives this answer too.",
    ...NEVER,
  },
  "api-misconfigured": {
    summary: "The API is set up wrongly at the gateway.",
    fix: "Ask the publisher of the API to correct what the message names.",
    ...NEVER,
  },
  "wrong-endpoint": {
    summary: "Another service answered, which does not take this authentication.",
    fix: "Use the endpoint of the service.",
    ...NEVER,
  },
  "not-huawei-cloud": {
    summary: "The answer comes from something between the client and Huawei Cloud.",
    fix: "Look for a proxy, a firewall or a login page of the network.",
    ...NEVER,
  },
  "bad-request": {
    summary: "A parameter of the request is missing or wrong.",
    fix: "Correct what the message names.",
    ...NEVER,
  },
  "body-too-large": {
    summary: "The body is larger than the gateway takes.",
    fix: "With AK/SK the limit is 12 MB: use a token, leave the payload unsigned where the service allows it, or upload to OBS.",
    ...NEVER,
  },
  "headers-too-large": {
    summary: "The headers are larger than the gateway takes, mostly because of a long token.",
    fix: "Ask for the token with `nocatalog`, give the user fewer roles, or use AK/SK.",
    ...NEVER,
  },
  "not-authentication": {
    summary: "The service answers 401 for something other than authentication.",
    fix: "Read the message. A new token does not help.",
    ...NEVER,
  },
  throttled: {
    summary: "Too many requests.",
    fix: "Wait, and send fewer at a time.",
    ...RETRY,
  },
  "service-unavailable": {
    summary: "The service, or IAM behind it, is not available.",
    fix: "Try again later, with growing waits. The credential is not at fault.",
    ...RETRY,
  },
  "not-sent": {
    summary: "The request was not sent.",
    fix: "Do what the message of the error says.",
    ...NEVER,
  },
  "no-answer": {
    summary: "No answer came.",
    fix: "Check the network, the host name, and the proxy.",
    ...RETRY,
  },
  "not-refused": {
    summary: "Nothing was refused.",
    fix: "The request succeeded, so there is nothing to correct.",
    ...NEVER,
  },
  unknown: {
    summary: "This answer is not known.",
    fix: "Read the message. Support asks for the request id.",
    ...NEVER,
  },
}
