import type { Cause } from "./causes.ts"
import type { Confidence, Where } from "./explanation.ts"

/** An answer that is known, and its cause. The first row that fits holds, so special rows stand before general ones. */
export interface KnownRefusal {
  readonly cause: Cause
  readonly where: Where
  /** Matches `error_code`. */
  readonly code?: RegExp
  readonly status?: readonly number[]
  /** Matches `error_msg`, or a text that is no JSON. */
  readonly text?: RegExp
  /** @default "certain" */
  readonly confidence?: Confidence
  /** In place of the cause's own. */
  readonly summary?: string
  readonly fix?: string
  readonly source: string
  /** An answer that this row is for. */
  readonly example: { readonly status?: number; readonly body: string }
}

const GATEWAY_CODES = "API Request Signing Guide, Error Codes"
const IAM_CODES = "IAM API reference, Error Codes"
const OBSERVED = "observed"

const gateway = (...codes: string[]): RegExp => new RegExp(`^API[A-Z]*\\.(?:${codes.join("|")})$`)
const gatewayBody = (code: string, message: string): string =>
  JSON.stringify({ error_msg: message, error_code: `APIGW.${code}`, request_id: "0123456789abcdef0123456789abcdef" })
const iamBody = (code: string, message: string): string => JSON.stringify({ error_msg: message, error_code: code })
const keystoneBody = (code: number, message: string, title: string): string =>
  JSON.stringify({ error: { code, message, title } })
const LONG_URL = "The URL is longer than the gateway takes."
const SHORTER_URL = "Shorten the query, or send it in the body where the API allows it."
const AUTHENTICATION = "Incorrect IAM authentication information: "

/** @see API Request Signing Guide, IAM and Partner Center API references, "Error Codes" */
export const REFUSALS: readonly KnownRefusal[] = [
  // The gateway, on signatures.
  {
    cause: "clock-skew",
    where: "clock",
    code: gateway("0301", "0303"),
    text: /signature expired/i,
    confidence: "likely",
    source: `${OBSERVED}: huaweicloud-sdk-java-v3 issue 44 (2021), opentelekomcloud terraform issue 3392 (2026)`,
    example: {
      status: 401,
      body: gatewayBody(
        "0301",
        `${AUTHENTICATION}calc aksk signature fail:signature expired, signature time:20211217T064303Z,server time:20211217T065804Z`,
      ),
    },
  },
  {
    cause: "body-too-large",
    where: "body",
    code: gateway("0301"),
    text: /body too large/i,
    source: `${OBSERVED}: opentelekomcloud terraform issues 1860 (2022) and 2906 (2025)`,
    example: { status: 401, body: gatewayBody("0301", `${AUTHENTICATION}calc aksk signature fail:body too large`) },
  },
  {
    cause: "access-key-unknown",
    where: "access key",
    code: gateway("0301"),
    text: /\bak\b.*not exist|Get secretKey failed/i,
    source: `${OBSERVED}: NewFuture/DDNS issue 136 (2020), ddns-go issue 844 (2023)`,
    example: {
      status: 401,
      body: gatewayBody("0301", `${AUTHENTICATION}Get secretKey failed,ak:ABCDEFGHIJKLMNOPQRST,err:ak not exist`),
    },
  },
  {
    cause: "access-key-locked",
    where: "access key",
    code: gateway("0301"),
    text: /reach the limit/i,
    source: "API Gateway FAQ 0003; OCR FAQ 0063",
    example: {
      status: 401,
      body: gatewayBody("0301", `${AUTHENTICATION}AK access failed to reach the limit,forbidden`),
    },
  },
  {
    cause: "signature-mismatch",
    where: "request",
    code: gateway("0301", "0303"),
    text: /verify (?:aksk )?signature fail|signature fail\b/i,
    confidence: "possible",
    source: `${OBSERVED}: huaweicloud-sdk-nodejs-v3 issue 2 (2021); OCR FAQ 0063`,
    example: { status: 401, body: gatewayBody("0301", `${AUTHENTICATION}verify aksk signature fail`) },
  },
  // The gateway, on tokens.
  {
    cause: "token-invalid",
    where: "token",
    code: gateway("0301"),
    text: /decrypt token fail|security ?token/i,
    source: "Live FAQ 0169 (2025); OCR FAQ 0063",
    example: { status: 401, body: gatewayBody("0301", `${AUTHENTICATION}decrypt token fail`) },
  },
  {
    cause: "token-expired",
    where: "token",
    code: gateway("0301"),
    text: /token expires/i,
    source: "OCR FAQ 0063",
    example: {
      status: 401,
      body: gatewayBody("0301", `${AUTHENTICATION}token expires, expires_at: 2020-01-04T09:05:22.701000Z`),
    },
  },
  {
    cause: "credentials-not-sent",
    where: "request",
    code: gateway("0301"),
    text: /x-auth-token not found/i,
    source: "OCR FAQ 0063",
    example: { status: 401, body: gatewayBody("0301", `${AUTHENTICATION}x-auth-token not found`) },
  },
  {
    cause: "token-expired",
    where: "token",
    code: gateway("0307"),
    confidence: "likely",
    fix: "Get a new token. If a fresh one is refused too, the endpoint is in another region than the token.",
    source: GATEWAY_CODES,
    example: { status: 401, body: gatewayBody("0307", "The token must be updated.") },
  },
  {
    cause: "token-expired",
    where: "token",
    text: /token must be updated/i,
    confidence: "likely",
    source: "IAM API reference, Obtaining a User Token Through Password Authentication",
    example: { status: 401, body: "The token must be updated." },
  },
  {
    cause: "credentials-refused",
    where: "request",
    code: gateway("0301"),
    confidence: "possible",
    source: GATEWAY_CODES,
    example: { status: 401, body: gatewayBody("0301", `${AUTHENTICATION}Unauthorized`) },
  },
  // The gateway, on apps and authorizers.
  {
    cause: "app-credentials-refused",
    where: "access key",
    code: gateway("0303", "0304", "0311"),
    source: GATEWAY_CODES,
    example: {
      status: 401,
      body: gatewayBody(
        "0303",
        "Incorrect app authentication information: app not found, appkey 4f5f626b-073f-402f-a1e0-e52171c6100c",
      ),
    },
  },
  {
    cause: "authorizer-refused",
    where: "request",
    code: gateway("0305", "0316", "0319"),
    source: GATEWAY_CODES,
    example: { status: 401, body: gatewayBody("0305", "Incorrect authentication information: frontend authorizer") },
  },
  // The gateway, on everything else.
  {
    cause: "permission-denied",
    where: "permission",
    code: gateway("0302", "0306"),
    source: GATEWAY_CODES,
    example: { status: 403, body: gatewayBody("0302", "The IAM user is not authorized to access the API.") },
  },
  {
    cause: "throttled",
    where: "service",
    code: gateway("0308"),
    source: GATEWAY_CODES,
    example: {
      status: 429,
      body: gatewayBody("0308", "The throttling threshold has been reached: policy user over ratelimit"),
    },
  },
  {
    cause: "project-missing",
    where: "project",
    code: gateway("0310"),
    summary: "The project is not available: it is frozen, or of another account.",
    source: GATEWAY_CODES,
    example: { status: 403, body: gatewayBody("0310", "The project is unavailable.") },
  },
  {
    cause: "address-not-allowed",
    where: "network",
    code: gateway("0401", "0402", "0404"),
    source: GATEWAY_CODES,
    example: { status: 403, body: gatewayBody("0402", "The IP address is not authorized to access the API.") },
  },
  {
    cause: "account-suspended",
    where: "account",
    code: gateway("0501", "0502"),
    source: GATEWAY_CODES,
    example: { status: 405, body: gatewayBody("0502", "The app has been frozen.") },
  },
  {
    cause: "region-disabled",
    where: "region",
    code: gateway("0801", "0802"),
    source: GATEWAY_CODES,
    example: {
      status: 403,
      body: gatewayBody("0802", "The IAM user is forbidden in the currently selected region."),
    },
  },
  {
    cause: "api-not-found",
    where: "endpoint",
    code: gateway("0101"),
    source: GATEWAY_CODES,
    example: {
      status: 404,
      body: gatewayBody("0101", "The API does not exist or has not been published in the environment."),
    },
  },
  {
    cause: "body-too-large",
    where: "body",
    code: gateway("0201"),
    status: [413],
    source: GATEWAY_CODES,
    example: { status: 413, body: gatewayBody("0201", "Request entity too large.") },
  },
  {
    cause: "headers-too-large",
    where: "token",
    code: gateway("0201"),
    status: [494],
    source: GATEWAY_CODES,
    example: { status: 494, body: gatewayBody("0201", "Request headers too large.") },
  },
  {
    cause: "service-unavailable",
    where: "service",
    code: gateway("0201"),
    status: [502, 504],
    source: GATEWAY_CODES,
    example: { status: 504, body: gatewayBody("0201", "Backend timeout.") },
  },
  {
    cause: "bad-request",
    where: "request",
    code: gateway("0201"),
    status: [414],
    summary: LONG_URL,
    fix: SHORTER_URL,
    source: GATEWAY_CODES,
    example: { status: 414, body: gatewayBody("0201", "Request URI too large.") },
  },
  {
    cause: "bad-request",
    where: "request",
    code: gateway("0607"),
    summary: "The API does not take this protocol, such as http instead of https.",
    fix: "Use the protocol that the message names.",
    source: GATEWAY_CODES,
    example: { status: 400, body: gatewayBody("0607", "The following protocol is supported: https") },
  },
  {
    cause: "body-too-large",
    where: "body",
    code: gateway("0201"),
    text: /entity too large/i,
    source: GATEWAY_CODES,
    example: { body: gatewayBody("0201", "Request entity too large.") },
  },
  {
    cause: "service-unavailable",
    where: "service",
    code: gateway("0201"),
    text: /backend (?:timeout|unavailable)/i,
    source: GATEWAY_CODES,
    example: { body: gatewayBody("0201", "Backend timeout.") },
  },
  {
    cause: "bad-request",
    where: "request",
    code: gateway("0201", "0602"),
    source: GATEWAY_CODES,
    example: { status: 400, body: gatewayBody("0201", "API request error.") },
  },
  {
    cause: "api-misconfigured",
    where: "service",
    code: gateway("010[3-6]", "0705"),
    source: GATEWAY_CODES,
    example: { status: 400, body: gatewayBody("0106", "Orchestration error.") },
  },
  {
    cause: "service-unavailable",
    where: "service",
    code: gateway("020[23]", "06\\d\\d", "0999"),
    source: GATEWAY_CODES,
    example: { status: 503, body: gatewayBody("0613", "The IAM service is currently unavailable.") },
  },
  // IAM.
  {
    cause: "account-locked",
    where: "login",
    code: /^IAM\.0061$/,
    source: IAM_CODES,
    example: { status: 401, body: iamBody("IAM.0061", "Account locked.") },
  },
  {
    cause: "account-locked",
    where: "login",
    status: [401],
    text: /\blocked\b/i,
    source: "IAM FAQ",
    example: {
      status: 401,
      body: keystoneBody(401, "The username or password is wrong too often, so the account is locked.", "Unauthorized"),
    },
  },
  {
    cause: "password-wrong",
    where: "login",
    code: /^IAM\.0062$/,
    source: IAM_CODES,
    example: { status: 401, body: iamBody("IAM.0062", "Incorrect password.") },
  },
  {
    cause: "mfa-required",
    where: "login",
    status: [400, 401, 403],
    // Not the name of an action, such as `iam:mfa:enable`.
    text: /(?<!:)\bmfa\b(?!:\S)|passcode|verification code|totp/i,
    source: "IAM API reference, Obtaining a User Token Through Password and Virtual MFA",
    example: {
      status: 401,
      body: keystoneBody(401, "The verification code of the virtual MFA device is missing or wrong.", "Unauthorized"),
    },
  },
  {
    cause: "token-expired",
    where: "token",
    code: /^IAM\.0066$/,
    source: IAM_CODES,
    example: { status: 401, body: iamBody("IAM.0066", "The token has expired.") },
  },
  {
    cause: "token-invalid",
    where: "token",
    code: /^IAM\.(?:0009|0063|0067)$/,
    source: IAM_CODES,
    example: { status: 401, body: iamBody("IAM.0067", "Invalid token.") },
  },
  {
    cause: "token-invalid",
    where: "token",
    status: [401],
    text: /X-Auth-Token is invalid/i,
    source: `${OBSERVED}: opentelekomcloud terraform issue 2089 (2023)`,
    example: { status: 401, body: keystoneBody(401, "The X-Auth-Token is invalid!", "Unauthorized") },
  },
  {
    cause: "access-key-disabled",
    where: "access key",
    code: /^IAM\.0080$/,
    source: IAM_CODES,
    example: { status: 403, body: iamBody("IAM.0080", "The access key is disabled.") },
  },
  {
    cause: "console-only-user",
    where: "login",
    code: /^IAM\.0081$/,
    source: IAM_CODES,
    example: { status: 403, body: iamBody("IAM.0081", "The user can only access the console.") },
  },
  {
    cause: "user-disabled",
    where: "login",
    code: /^IAM\.0082$/,
    source: IAM_CODES,
    example: { status: 403, body: iamBody("IAM.0082", "The user is disabled.") },
  },
  {
    cause: "region-disabled",
    where: "region",
    code: /^IAM\.0083$/,
    source: IAM_CODES,
    example: { status: 403, body: iamBody("IAM.0083", "You do not have permission for the private region.") },
  },
  {
    cause: "project-missing",
    where: "project",
    status: [400, 401, 403, 404],
    text: /could not find project|project.?id\b.*\b(?:missing|required|empty|invalid|not match|mismatch|does not)|\b(?:no|missing|invalid) project/i,
    source: IAM_CODES,
    example: { status: 404, body: keystoneBody(404, "Could not find project: cn-north-9.", "Not Found") },
  },
  {
    cause: "domain-missing",
    where: "domain",
    status: [400, 401, 403, 404],
    text: /could not find domain|cannot be scoped to that domain|domain.?id\b.*\b(?:missing|required|empty|invalid|not match|mismatch|does not)|\b(?:no|missing|invalid) domain/i,
    source: IAM_CODES,
    example: { status: 404, body: keystoneBody(404, "Could not find domain: customer-account.", "Not Found") },
  },
  {
    cause: "agency-not-granted",
    where: "agency",
    code: /^(?:\d+$|IAM\.|PAP5\.|STS5\.)/,
    status: [403, 404],
    // Not the name of any other action, such as `iam:agencies:list`.
    text: /(?<!:)\bagenc(?:y|ies)\b(?!:\S)|assume[_ ]?role|(?:iam:tokens|sts:agencies):assume/i,
    source: IAM_CODES,
    example: { status: 404, body: keystoneBody(404, "Could not find agency: partner-agency.", "Not Found") },
  },
  {
    cause: "permission-denied",
    where: "permission",
    code: /^IAM\.(?:0002|0003|0064)$/,
    source: IAM_CODES,
    example: {
      status: 403,
      body: iamBody("IAM.0003", "Policy doesn't allow iam:users:listUsers to be performed."),
    },
  },
  {
    cause: "identity-refused",
    where: "login",
    code: /^IAM\.0001$/,
    confidence: "likely",
    source: IAM_CODES,
    example: { status: 401, body: iamBody("IAM.0001", "The request you have made requires authentication.") },
  },
  {
    cause: "not-found-in-account",
    where: "request",
    code: /^IAM\.0004$/,
    source: IAM_CODES,
    example: { status: 404, body: iamBody("IAM.0004", "Could not find identity provider: corporate-idp.") },
  },
  {
    cause: "bad-request",
    where: "request",
    code: /^(?:IAM\.(?:0005|0007|0011|0072|0073)|1[01]\d\d)$/,
    source: IAM_CODES,
    example: { status: 400, body: iamBody("1101", "identity.methods is missing or invalid.") },
  },
  // Identity policies and STS.
  {
    cause: "permission-denied",
    where: "permission",
    code: /^PAP5\.0001$/,
    fix: "Grant the action to the user or agency. STS decodes the whole reason from `encoded_authorization_message`.",
    source: "IAM v5 API reference, Error Codes",
    example: {
      status: 403,
      body: iamBody("PAP5.0001", "access denied: User is not authorized to perform ecs:cloudServers:list"),
    },
  },
  {
    cause: "agency-not-granted",
    where: "agency",
    code: /^STS5\.1005$/,
    source: "STS API reference",
    example: { status: 403, body: iamBody("STS5.1005", "The trust policy does not allow the caller.") },
  },
  {
    cause: "identity-refused",
    where: "login",
    code: /^STS5\.180[56]$/,
    summary: "The login has ended: its code or refresh token was used before.",
    fix: "Log in again. A refresh token works once.",
    source: "another project's notes, not confirmed",
    confidence: "likely",
    example: { status: 400, body: iamBody("STS5.1806", "the refresh token has been used") },
  },
  {
    cause: "bad-request",
    where: "request",
    code: /^(?:PAP5|STS5)\./,
    source: "IAM v5 API reference, Error Codes",
    example: { status: 400, body: iamBody("PAP5.0029", "invalid agency name") },
  },
  // Partner Center.
  {
    cause: "wrong-endpoint",
    where: "endpoint",
    text: /does not belong to the website/i,
    summary: "The account belongs to the other website of Huawei Cloud: the Chinese one or the international one.",
    fix: "Use bss-intl.myhuaweicloud.com for the international website, bss.myhuaweicloud.com for the Chinese one.",
    source: "Partner Center API reference",
    example: {
      status: 403,
      body: iamBody("CBC.0151", "Access denied. The customer does not belong to the website you are now at."),
    },
  },
  {
    cause: "token-expired",
    where: "token",
    code: /^CBC\.0154$/,
    source: "Partner Center API reference",
    example: { status: 401, body: iamBody("CBC.0154", "Token is invalid or expired.") },
  },
  {
    cause: "wrong-identity",
    where: "token",
    code: /^CBC\.0155$/,
    source: "Partner Center API reference",
    example: { status: 403, body: iamBody("CBC.0155", "The request is not allowed.") },
  },
  {
    cause: "permission-denied",
    where: "permission",
    code: /^CBC\.(?:0150|0151|18000016)$/,
    fix: "Check the permissions of the user, and whether the API is for partners or for their customers.",
    source: "Partner Center API reference",
    example: { status: 403, body: iamBody("CBC.0151", "user access denied.") },
  },
  {
    cause: "wrong-identity",
    where: "account",
    code: /^CBC\.(?:99000035|99000037|5001|5002)$/,
    summary: "The caller is no partner, or the customer is not the caller's.",
    source: "Partner Center API reference",
    example: { status: 400, body: iamBody("CBC.99000035", "The customer does not belong to the partner.") },
  },
  {
    cause: "throttled",
    where: "service",
    code: /^(?:CBC\.0250|IOTDA\.02110[12]|CCE\.0[12]429\d+)$/,
    source: "API references of Partner Center, IoTDA and CCE",
    example: { status: 403, body: iamBody("IOTDA.021101", "The rate limit has been reached.") },
  },
  {
    cause: "bad-request",
    where: "request",
    code: /^(?:CBC\.0100|IOTDA\.000006)$/,
    source: "API references of Partner Center and IoTDA",
    example: { status: 400, body: iamBody("CBC.0100", "Parameter error: offset or limit.") },
  },
  {
    cause: "service-unavailable",
    where: "service",
    code: /^CBC\.0999$/,
    source: "Partner Center API reference",
    example: { status: 500, body: iamBody("CBC.0999", "Other error.") },
  },
  // Services.
  {
    cause: "wrong-algorithm",
    where: "algorithm",
    code: /^IOTDA\.000002$/i,
    confidence: "likely",
    fix: 'Sign for IoTDA instances with `algorithm: "V11-HMAC-SHA256"`, `service: "iotdm"` and the region of the instance. A new permission takes minutes to work.',
    source: "IoTDA API reference; official SDKs, which sign so",
    example: { status: 401, body: iamBody("IOTDA.000002", "Authentication failed.") },
  },
  {
    cause: "not-authentication",
    where: "request",
    code: /^FSS\.0401$/,
    summary: "FunctionGraph does not find the function, and says so with 401.",
    fix: "Check the URN of the function. A new token does not help.",
    source: "terraform-provider-huaweicloud, which reads it as 404",
    example: { status: 401, body: iamBody("FSS.0401", "not found the function") },
  },
  {
    cause: "token-expired",
    where: "token",
    code: /^KMS\.0303$/,
    source: "clients of KMS, which renew the token on it",
    example: { status: 403, body: JSON.stringify({ error: { error_msg: "Token expired", error_code: "KMS.0303" } }) },
  },
  {
    cause: "token-invalid",
    where: "token",
    code: /^(?:KMS\.0301|CCE\.01401001|SVCSTG\.SWR\.4010000)$/,
    source: "API references of KMS, CCE and SWR",
    example: { status: 401, body: iamBody("SVCSTG.SWR.4010000", "Authentication failed.") },
  },
  {
    cause: "permission-denied",
    where: "permission",
    code: /^(?:KMS\.0306|CCE\.01403\d+|EPS\.0003)$/,
    source: "API references of KMS, CCE and EPS",
    example: {
      status: 401,
      body: JSON.stringify({ error: { code: "EPS.0003", message: "policy doesn't allow ecs:cloudServers:list" } }),
    },
  },
  // Other protocols.
  {
    cause: "wrong-endpoint",
    where: "endpoint",
    text: /<(?:Code|HostId|RequestId)>/i,
    summary: "OBS answered, which has signatures of its own.",
    fix: "Use an OBS client for buckets, or the endpoint of the service that was meant.",
    source: `${OBSERVED}: huaweicloud-sdk-java-obs issue 84 (2022)`,
    example: {
      status: 403,
      body: '<?xml version="1.0" encoding="UTF-8"?><Error><Code>SignatureDoesNotMatch</Code><Message>The request signature we calculated does not match the signature you provided.</Message><RequestId>0000018A</RequestId><HostId>obs</HostId></Error>',
    },
  },
  {
    cause: "wrong-endpoint",
    where: "endpoint",
    text: /"errors"\s*:\s*\[\s*\{\s*"code"\s*:\s*"[A-Z_]+"/,
    summary: "The container registry (SWR) answered, which has a login of its own.",
    fix: "Log in with `docker login`, as user `<region>@<AK>` and the login key, not the SK. For SWR's API use swr-api.<region>.myhuaweicloud.com.",
    source: `${OBSERVED}: harbor issue 9763 (2019); SWR FAQ`,
    example: {
      status: 401,
      body: JSON.stringify({ errors: [{ code: "DENIED", message: "Authenticate Error", detail: "" }] }),
    },
  },
  {
    cause: "wrong-endpoint",
    where: "endpoint",
    text: /"kind"\s*:\s*"Status"/,
    summary: "The API server of a Kubernetes cluster answered.",
    fix: "Use the cluster's kubeconfig, or the endpoint of the CCE API.",
    source: "Kubernetes API reference",
    example: {
      status: 401,
      body: JSON.stringify({
        kind: "Status",
        status: "Failure",
        reason: "Unauthorized",
        message: "Unauthorized",
        code: 401,
      }),
    },
  },
  {
    cause: "wrong-endpoint",
    where: "endpoint",
    status: [401, 403],
    text: /Authorization information is wrong/i,
    confidence: "likely",
    summary: "An older load balancer service answered, which takes another form of signature or another project.",
    source: `${OBSERVED}: cloud-provider-huaweicloud issue 76 (2020)`,
    example: { status: 401, body: JSON.stringify({ message: "Authorization information is wrong", request_id: "1" }) },
  },
  {
    cause: "agency-not-granted",
    where: "agency",
    text: /configure Cloud Service Agency/i,
    summary: "The ECS server has no agency, so there are no keys for it.",
    fix: "Set an agency for the server, or use other credentials.",
    source: "official SDKs",
    example: { body: "Please configure Cloud Service Agency first" },
  },
  {
    cause: "not-huawei-cloud",
    where: "network",
    status: [407],
    summary: "The proxy asks for authentication of its own.",
    fix: "Put user and password into the URL of the proxy.",
    source: "RFC 9110, section 15.5.8",
    example: { status: 407, body: "" },
  },
  {
    cause: "service-unavailable",
    where: "service",
    status: [500, 502, 503, 504],
    text: /^\s*(?:<!doctype html|<html|<head)/i,
    confidence: "likely",
    summary: "A server in front of the service answers with an error page, so the service may be down.",
    source: "RFC 9110, section 15.6",
    example: { status: 502, body: "<html><head><title>502 Bad Gateway</title></head><body></body></html>" },
  },
  {
    cause: "not-huawei-cloud",
    where: "network",
    text: /^\s*(?:<!doctype html|<html|<head)/i,
    confidence: "likely",
    source: "Huawei Cloud answers in JSON, and OBS in XML",
    example: {
      status: 401,
      body: "<html><head><title>401 Authorization Required</title></head><body><hr><center>nginx</center></body></html>",
    },
  },
  // IAM's older shape, which has no codes.
  {
    cause: "identity-refused",
    where: "login",
    code: /^401$/,
    confidence: "likely",
    source: `${OBSERVED}: otc-tools issue 36 (2017), acme.sh issue 4426 (2022)`,
    example: { status: 401, body: keystoneBody(401, "Unauthorized.", "Unauthorized") },
  },
  {
    cause: "permission-denied",
    where: "permission",
    code: /^403$/,
    source: IAM_CODES,
    example: {
      status: 403,
      body: keystoneBody(403, "You are not authorized to perform the requested action.", "Forbidden"),
    },
  },
  // By the status alone.
  {
    cause: "throttled",
    where: "service",
    status: [429],
    source: "RFC 6585, section 4",
    example: { status: 429, body: "" },
  },
  {
    cause: "body-too-large",
    where: "body",
    status: [413],
    source: "RFC 9110, section 15.5.14",
    example: { status: 413, body: "" },
  },
  {
    cause: "bad-request",
    where: "request",
    status: [414],
    summary: LONG_URL,
    fix: SHORTER_URL,
    source: "RFC 9110, section 15.5.15",
    example: { status: 414, body: "" },
  },
  {
    cause: "headers-too-large",
    where: "token",
    status: [431, 494],
    source: "RFC 6585, section 5",
    example: { status: 431, body: "" },
  },
  {
    cause: "permission-denied",
    where: "permission",
    status: [403],
    confidence: "possible",
    source: "RFC 9110, section 15.5.4",
    example: { status: 403, body: "" },
  },
  {
    cause: "credentials-refused",
    where: "request",
    status: [401],
    confidence: "possible",
    source: "RFC 9110, section 15.5.2",
    example: { status: 401, body: "" },
  },
  {
    cause: "api-not-found",
    where: "endpoint",
    status: [404, 405],
    confidence: "possible",
    source: "RFC 9110, section 15.5.5",
    example: { status: 404, body: "" },
  },
  {
    cause: "bad-request",
    where: "request",
    status: [400, 409, 422],
    confidence: "likely",
    source: "RFC 9110, section 15.5.1",
    example: { status: 400, body: "" },
  },
  {
    cause: "service-unavailable",
    where: "service",
    status: [500, 502, 503, 504],
    confidence: "likely",
    source: "RFC 9110, section 15.6",
    example: { status: 503, body: "" },
  },
]
