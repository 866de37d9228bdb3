// For authors of an adapter for an HTTP client or a server, who need no other entry. Users of an adapter need only
// `@countersign/auth-core`.
export * from "./index.ts"

// Beyond the main entry.

export { authName } from "./auth/auth.ts"
export { randomHmac } from "./cache/fingerprint.ts"
export { toIamFetchResponse } from "./cloud/cloud.ts"
export { readErrorFields } from "./cloud/error-fields.ts"
export { type HcloudProfile, hcloudProfiles } from "./credentials/hcloud-credentials.ts"
export { joined } from "./digest/bytes.ts"
export { bytesOf } from "./digest/digest.ts"
export type { AuthenticatedAttempt, OutgoingRequest } from "./engine/authenticate-attempt.ts"
export { readBody } from "./engine/authenticate-attempt.ts"
export { AuthenticatedCall, loadFollowUp, passesBare } from "./engine/authenticated-call.ts"
export { type AuthenticatedFetchOptions, authenticatedFetch } from "./engine/authenticated-fetch.ts"
export { bodyAtHand, iterableBody, nodeBody, ownBodyHeaders, streamBody, webBody } from "./engine/client-body.ts"
export { platformSignal } from "./engine/fetch-in-kind.ts"
export type { BareRequest, CallOptions } from "./engine/follow-up.chunk.ts"
export { toNativeFormData } from "./engine/form-or-stream.ts"
export {
  type AuthForRequest,
  createGate,
  createHostGuard,
  createIamGate,
  createIamGuard,
  functionBeneath,
  type Gate,
  type HostGuard,
  putAbove,
} from "./engine/gate.ts"
export type { OnRedirect, RedirectEvent, ShownRequest } from "./engine/redirect.ts"
export {
  type NativeRequest,
  type NativeSend,
  redactMessage,
  redactRequest,
  refuseClearProxy,
  sendNatively,
  sendSecrets,
  staysAtOrigin,
} from "./engine/send-secrets.ts"
export type { PeekLimits } from "./engine/wire-request.ts"
export { isHttp, isRejection, isStream, type PreparedBody, urlIfValid, wireUrl } from "./engine/wire-request.ts"
export { invalidOption } from "./errors/auth-error.ts"
export { timeAt } from "./iam/iam-answer.ts"
export { type EndpointOptions, resolveEndpoint } from "./iam/iam-connection.ts"
export { accessKeyOf, cloudsIn, iamOriginOf, type OsSettings, settingsOfVariables } from "./iam/os-settings.chunk.ts"
export { checkNameOrId } from "./iam/token-scope.ts"
export { isSecretKeyLike } from "./identity/secret.ts"
export { type CallLimit, type CallLimitOptions, LONGEST_TIMER_MS, limitCall, timeInHeader } from "./runtime/clock.ts"
export { isArrayBuffer, isBlob, isFormData, isSearchParams } from "./runtime/has-brand.ts"
export { isHeaderText, isLoopback } from "./runtime/http.ts"
export { listenersChannel } from "./runtime/listeners-channel.ts"
export { andThen, asPromise, isPromise } from "./runtime/promises.ts"
export { refuseProxied, refuseProxiedFetch } from "./runtime/proxy.chunk.ts"
export { asked, isObject, listAt, memberAt, parseJson, textAt } from "./runtime/read-answer.ts"
export { isSecretName } from "./runtime/redact.ts"
export { rememberLast } from "./runtime/remember-last.ts"
export { tellListeners, warn } from "./runtime/tell-listeners.ts"
export { isSigningAlgorithm, signingAlgorithms } from "./signing/algorithm.ts"
export { parseBasic } from "./signing/authorization.ts"
export { type HeadersInput, selectHeaders } from "./signing/header-plan.ts"
export { createSignatureReader, type ReceivedSignature, type RequestHead } from "./signing/received-signature.ts"
export { createVerifyingKey, type VerifyingKey } from "./signing/verifying-key.ts"
