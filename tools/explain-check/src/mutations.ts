import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib"
import type { AkskAuthOptions } from "@countersign/auth-core"
import type { Cause, Where } from "@countersign/auth-core/explain"
import { pick, type Random } from "./random.ts"
import {
  headerOf,
  pathOf,
  queryOf,
  type WireRequest,
  withBody,
  withHeader,
  withoutHeader,
  withPath,
  withQuery,
} from "./wire-request.ts"

/** A request of a program. */
export interface SentRequest {
  readonly method: "GET" | "POST" | "PUT" | "DELETE"
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** One change of a signed request on its way. */
export interface Mutation {
  readonly name: string
  readonly sent: SentRequest
  readonly options?: AkskAuthOptions
  readonly change: (request: WireRequest, random: Random) => WireRequest
}

/** A change that the gateway refuses, and its expected name. */
export interface NamedMutation extends Mutation {
  readonly cause: Cause
  readonly where: Where
}

const PROJECT = "0a1b2c3d4e5f60718293a4b5c6d7e8f9"
const LIST: SentRequest = {
  method: "GET",
  path: `/v1/${PROJECT}/vpcs?limit=10&marker=a%20b&name=caf%C3%A9&tag=x&tag=x&flag=`,
}
const FUNCTION: SentRequest = {
  method: "DELETE",
  path: `/v2/${PROJECT}/fgs/functions/urn%3Afss%3Acn-north-4%3Adefault%3Af1`,
}
const WORDS: SentRequest = { method: "GET", path: "/v1/folders/two%20words/gr%C3%B6%C3%9Fe" }
const VALUE = { zone: "é", size: 3, name: "größe </b>", tags: ["b", "a"], on: true }
const ORDER: SentRequest = {
  method: "POST",
  path: `/v1/${PROJECT}/orders?dry-run=true`,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(VALUE),
}
const TAGGED: SentRequest = {
  method: "POST",
  path: "/v1/orders",
  headers: {
    "content-type": "application/json",
    "accept-language": "en-us",
    "user-agent": "billing/1.0",
    "x-request-tag": "one  two, three",
    x_tag: "old",
  },
  body: JSON.stringify(VALUE),
}
const ALSO_SIGNED: AkskAuthOptions = {
  signedHeaders: ["content-type", "accept-language", "user-agent", "x-request-tag", "x_tag"],
  projectId: PROJECT,
  domainId: "d0000000000000000000000000000000",
}

const WITH_IDS: AkskAuthOptions = { projectId: PROJECT, domainId: "d0000000000000000000000000000000" }

const editPath =
  (edit: (path: string) => string) =>
  (request: WireRequest): WireRequest =>
    withPath(request, edit(pathOf(request)))
const editQuery =
  (edit: (query: string) => string) =>
  (request: WireRequest): WireRequest =>
    withQuery(request, edit(queryOf(request)))
const editHeader =
  (name: string, edit: (value: string) => string) =>
  (request: WireRequest): WireRequest =>
    withHeader(request, name, edit(headerOf(request, name)))
const dropHeader =
  (name: string) =>
  (request: WireRequest): WireRequest =>
    withoutHeader(request, name)
const editBody =
  (edit: (body: string) => string | Uint8Array) =>
  (request: WireRequest): WireRequest =>
    withBody(request, edit(request.body.toString()))
const dropPair =
  (name: string) =>
  (query: string): string => {
    const pairs = query.split("&")
    const at = pairs.findLastIndex((pair) => pair.startsWith(`${name}=`))
    return pairs.toSpliced(at, 1).join("&")
  }
const addToAll = (text: string): string => text.replaceAll("%", "%25")
const sorted = (value: object): object => Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))

function flipped(body: Buffer, random: Random): Buffer {
  const at = Math.floor(random() * body.length)
  return Buffer.from(body.map((byte, index) => (index === at ? byte ^ 1 : byte)))
}

/** Another second of the same minute. */
function laterDate(date: string): string {
  const second = (Number(date.slice(13, 15)) + 7) % 60
  return `${date.slice(0, 13)}${String(second).padStart(2, "0")}Z`
}

/** JSON in the form of Python's json.dumps. */
function pythonText(body: string): string {
  return body
    .replace(/([:,])(?=["[\dt])/g, "$1 ")
    .replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
}

/** Changes that the gateway refuses, each for one reason. */
export const MUTATIONS: readonly NamedMutation[] = [
  // Method.
  {
    name: "a method override turns POST into PUT",
    cause: "method-changed",
    where: "method",
    sent: ORDER,
    change: (request) => ({ ...request, method: "PUT" }),
  },
  {
    name: "a proxy tunnels DELETE through POST",
    cause: "method-changed",
    where: "method",
    sent: FUNCTION,
    change: (request) => withHeader({ ...request, method: "POST" }, "x-http-method-override", "DELETE"),
  },
  {
    name: "a redirect turns POST into GET",
    cause: "method-changed",
    where: "method",
    sent: ORDER,
    change: (request) => withBody({ ...request, method: "GET" }, ""),
  },
  // Path.
  {
    name: "the path of a URN is encoded once more",
    cause: "path-encoded-twice",
    where: "path",
    sent: FUNCTION,
    change: editPath(addToAll),
  },
  {
    name: "a space in the path is encoded once more",
    cause: "path-encoded-twice",
    where: "path",
    sent: WORDS,
    change: editPath((path) => path.replace("%20", "%2520")),
  },
  {
    name: "letters beyond ASCII are encoded once more",
    cause: "path-encoded-twice",
    where: "path",
    sent: WORDS,
    change: editPath((path) => path.replaceAll("%C3", "%25C3")),
  },
  {
    name: "the path is encoded twice more",
    cause: "path-encoded-twice",
    where: "path",
    sent: FUNCTION,
    change: editPath((path) => addToAll(addToAll(path))),
  },
  {
    name: "a slash is doubled",
    cause: "path-trailing-slash",
    where: "path",
    sent: FUNCTION,
    change: editPath((path) => path.replace("/fgs/", "//fgs/")),
  },
  {
    name: "two slashes are added at the end",
    cause: "path-trailing-slash",
    where: "path",
    sent: FUNCTION,
    change: editPath((path) => `${path}//`),
  },
  {
    name: "double slashes are merged",
    cause: "path-trailing-slash",
    where: "path",
    sent: { method: "GET", path: "/v1//orders" },
    change: editPath((path) => path.replaceAll("//", "/")),
  },
  {
    name: "a prefix is removed",
    cause: "path-prefix",
    where: "path",
    sent: { method: "GET", path: "/gateway/v1/orders" },
    change: editPath((path) => path.replace("/gateway", "")),
  },
  {
    name: "a prefix is added",
    cause: "path-prefix",
    where: "path",
    sent: ORDER,
    change: editPath((path) => `/api${path}`),
  },
  // Query.
  {
    name: "a parameter is lost",
    cause: "query-parameter-lost",
    where: "query parameter marker",
    sent: LIST,
    change: editQuery(dropPair("marker")),
  },
  {
    name: "the whole query is lost",
    cause: "query-parameter-lost",
    where: "query parameter dry-run",
    sent: ORDER,
    change: editQuery(() => ""),
  },
  {
    name: "a repeated parameter is sent once",
    cause: "query-parameter-lost",
    where: "query parameter tag",
    sent: LIST,
    change: editQuery(dropPair("tag")),
  },
  {
    name: "an empty parameter is left out",
    cause: "query-parameter-lost",
    where: "query parameter flag",
    sent: LIST,
    change: editQuery(dropPair("flag")),
  },
  {
    name: "a parameter for tracking is added",
    cause: "query-parameter-added",
    where: "query parameter utm_source",
    sent: LIST,
    change: editQuery((query) => `${query}&utm_source=mail`),
  },
  {
    name: "a parameter against caches is added",
    cause: "query-parameter-added",
    where: "query parameter _",
    sent: ORDER,
    change: (request, random) => withQuery(request, `${queryOf(request)}&_=${Math.floor(random() * 1e9)}`),
  },
  {
    name: "a space becomes a plus",
    cause: "query-encoded-otherwise",
    where: "query parameter marker",
    sent: LIST,
    change: editQuery((query) => query.replace("%20", "+")),
  },
  {
    name: "the query is encoded once more",
    cause: "query-encoded-otherwise",
    where: "query parameter marker",
    sent: LIST,
    change: editQuery(addToAll),
  },
  {
    name: "the query is encoded in Latin-1",
    cause: "query-encoded-otherwise",
    where: "query parameter name",
    sent: LIST,
    change: editQuery((query) => query.replace("%C3%A9", "%E9")),
  },
  {
    name: "a plus is decoded to a space",
    cause: "query-encoded-otherwise",
    where: "query parameter time",
    sent: { method: "GET", path: "/v1/x?time=1%2B1" },
    change: editQuery((query) => query.replace("%2B", "%20")),
  },
  // Host.
  {
    name: "Host loses its port",
    cause: "host-changed",
    where: "header host",
    sent: LIST,
    change: editHeader("host", (host) => host.replace(/:\d+$/, "")),
  },
  {
    name: "Host is that of the upstream",
    cause: "host-changed",
    where: "header host",
    sent: ORDER,
    change: (request, random) =>
      withHeader(
        request,
        "host",
        pick(["backend.internal", "10.0.0.8:8443", "vpc.cn-north-4.myhuaweicloud.com"], random),
      ),
  },
  {
    name: "Host has a dot at its end",
    cause: "host-changed",
    where: "header host",
    sent: LIST,
    change: editHeader("host", (host) => host.replace(":", ".:")),
  },
  // Headers.
  {
    name: "a charset is added to Content-Type",
    cause: "content-type-changed",
    where: "header content-type",
    sent: TAGGED,
    options: ALSO_SIGNED,
    change: editHeader("content-type", (type) => `${type}; charset=utf-8`),
  },
  {
    name: "Content-Type is replaced",
    cause: "content-type-changed",
    where: "header content-type",
    sent: TAGGED,
    options: ALSO_SIGNED,
    change: (request, random) =>
      withHeader(
        request,
        "content-type",
        pick(["text/plain", "application/octet-stream", "application/x-www-form-urlencoded"], random),
      ),
  },
  {
    name: "Content-Type is dropped",
    cause: "header-dropped",
    where: "header content-type",
    sent: TAGGED,
    options: ALSO_SIGNED,
    change: dropHeader("content-type"),
  },
  {
    name: "X-Project-Id is dropped",
    cause: "header-dropped",
    where: "header x-project-id",
    sent: LIST,
    options: WITH_IDS,
    change: dropHeader("x-project-id"),
  },
  {
    name: "X-Domain-Id is dropped",
    cause: "header-dropped",
    where: "header x-domain-id",
    sent: LIST,
    options: WITH_IDS,
    change: dropHeader("x-domain-id"),
  },
  {
    name: "X-Project-Id is replaced",
    cause: "header-changed",
    where: "header x-project-id",
    sent: ORDER,
    options: WITH_IDS,
    change: editHeader("x-project-id", () => "ffffffffffffffffffffffffffffffff"),
  },
  {
    name: "X-Sdk-Date is set anew",
    cause: "header-changed",
    where: "header x-sdk-date",
    sent: LIST,
    change: editHeader("x-sdk-date", laterDate),
  },
  {
    name: "white space in a header is collapsed",
    cause: "header-folded",
    where: "header x-request-tag",
    sent: TAGGED,
    options: ALSO_SIGNED,
    change: editHeader("x-request-tag", (tag) => tag.replace(/\s+/g, " ")),
  },
  {
    name: "a header is sent twice",
    cause: "header-folded",
    where: "header x-request-tag",
    sent: TAGGED,
    options: ALSO_SIGNED,
    change: (request) => ({
      ...request,
      headers: [...request.headers, ["x-request-tag", headerOf(request, "x-request-tag")]],
    }),
  },
  {
    name: "the list in a header is joined otherwise",
    cause: "header-folded",
    where: "header x-request-tag",
    sent: TAGGED,
    options: ALSO_SIGNED,
    change: editHeader("x-request-tag", (tag) => tag.replace(", ", ",")),
  },
  {
    name: "a header is emptied",
    cause: "header-dropped",
    where: "header x-request-tag",
    sent: TAGGED,
    options: ALSO_SIGNED,
    change: editHeader("x-request-tag", () => ""),
  },
  {
    name: "a header with an underscore is dropped",
    cause: "header-dropped",
    where: "header x_tag",
    sent: TAGGED,
    options: ALSO_SIGNED,
    change: dropHeader("x_tag"),
  },
  {
    name: "Accept-Language is replaced",
    cause: "header-changed",
    where: "header accept-language",
    sent: TAGGED,
    options: ALSO_SIGNED,
    change: (request, random) => withHeader(request, "accept-language", pick(["de", "zh-cn", "*"], random)),
  },
  {
    name: "User-Agent is extended",
    cause: "header-changed",
    where: "header user-agent",
    sent: TAGGED,
    options: ALSO_SIGNED,
    change: editHeader("user-agent", (agent) => `${agent} proxy/2.1`),
  },
  {
    name: "the parts of a header are joined otherwise",
    cause: "header-changed",
    where: "header x-request-tag",
    sent: TAGGED,
    options: ALSO_SIGNED,
    change: editHeader("x-request-tag", (tag) => tag.replace(",", ";")),
  },
  {
    name: "a header leaves the list of signed ones",
    cause: "signed-headers-changed",
    where: "header authorization",
    sent: TAGGED,
    options: ALSO_SIGNED,
    change: editHeader("authorization", (value) => value.replace("x-request-tag;", "")),
  },
  // Body.
  { name: "the body is lost", cause: "body-lost", where: "body", sent: ORDER, change: editBody(() => "") },
  ...["{}", "null", "[]", "undefined", "[object Object]"].map(
    (text): NamedMutation => ({
      name: `the body becomes ${text}`,
      cause: "body-placeholder",
      where: "body",
      sent: ORDER,
      change: editBody(() => text),
    }),
  ),
  {
    name: "a GET arrives with the body {}",
    cause: "body-placeholder",
    where: "body",
    sent: LIST,
    change: editBody(() => "{}"),
  },
  {
    name: "JSON is indented",
    cause: "body-json-rewritten",
    where: "body",
    sent: ORDER,
    change: (request, random) => withBody(request, JSON.stringify(VALUE, null, pick([1, 2, 4, "\t"], random))),
  },
  {
    name: "the keys of JSON are sorted",
    cause: "body-json-rewritten",
    where: "body",
    sent: ORDER,
    change: editBody(() => JSON.stringify(sorted(VALUE))),
  },
  {
    name: "JSON is written anew by Python",
    cause: "body-json-rewritten",
    where: "body",
    sent: ORDER,
    change: editBody(pythonText),
  },
  {
    name: "JSON gets a line break at its end",
    cause: "body-json-rewritten",
    where: "body",
    sent: ORDER,
    change: editBody((body) => `${body}\n`),
  },
  {
    name: "JSON is written anew by Go",
    cause: "body-json-rewritten",
    where: "body",
    sent: ORDER,
    change: editBody((body) => `${body.replaceAll("<", "\\u003c").replaceAll(">", "\\u003e")}\n`),
  },
  {
    name: "JSON is quoted once more",
    cause: "body-json-rewritten",
    where: "body",
    sent: ORDER,
    change: editBody((body) => JSON.stringify(body)),
  },
  {
    name: "the text arrives in UTF-16",
    cause: "body-reencoded",
    where: "body",
    sent: ORDER,
    change: editBody((body) => Buffer.from(body, "utf16le")),
  },
  {
    name: "the text arrives in Latin-1",
    cause: "body-reencoded",
    where: "body",
    sent: ORDER,
    change: editBody((body) => Buffer.from(body, "latin1")),
  },
  {
    name: "the text gets a byte order mark",
    cause: "body-reencoded",
    where: "body",
    sent: ORDER,
    change: editBody((body) => `\ufeff${body}`),
  },
  {
    name: "the text is encoded in UTF-8 twice",
    cause: "body-reencoded",
    where: "body",
    sent: ORDER,
    change: editBody((body) => Buffer.from(body).toString("latin1")),
  },
  {
    name: "the body is compressed with gzip",
    cause: "body-compressed",
    where: "body",
    sent: ORDER,
    change: (request, random) =>
      withHeader(
        withBody(request, gzipSync(request.body, { level: pick([1, 6, 9], random) })),
        "content-encoding",
        "gzip",
      ),
  },
  {
    name: "the body is compressed with deflate",
    cause: "body-compressed",
    where: "body",
    sent: ORDER,
    change: (request) => withHeader(withBody(request, deflateSync(request.body)), "content-encoding", "deflate"),
  },
  {
    name: "the body is compressed with brotli",
    cause: "body-compressed",
    where: "body",
    sent: ORDER,
    change: (request) => withHeader(withBody(request, brotliCompressSync(request.body)), "content-encoding", "br"),
  },
  {
    name: "the body is cut",
    cause: "body-changed",
    where: "body",
    sent: ORDER,
    change: (request, random) => withBody(request, request.body.subarray(0, 3 + Math.floor(random() * 40))),
  },
  {
    name: "a byte of the body changes",
    cause: "body-changed",
    where: "body",
    sent: ORDER,
    change: (request, random) => withBody(request, flipped(request.body, random)),
  },
  {
    name: "JSON loses digits of a number",
    cause: "body-changed",
    where: "body",
    sent: { ...ORDER, body: '{"id":12345678901234567890}' },
    change: editBody((body) => JSON.stringify(JSON.parse(body))),
  },
  {
    name: "an empty object gets a member",
    cause: "body-changed",
    where: "body",
    sent: { ...ORDER, body: "{}" },
    change: editBody(() => '{"dry":true}'),
  },
  // Payload and algorithm.
  {
    name: "UNSIGNED-PAYLOAD is added",
    cause: "payload-unsigned",
    where: "body",
    sent: ORDER,
    change: editHeader("x-sdk-content-sha256", () => "UNSIGNED-PAYLOAD"),
  },
  {
    name: "UNSIGNED-PAYLOAD is dropped",
    cause: "header-dropped",
    where: "header x-sdk-content-sha256",
    sent: ORDER,
    options: { unsignedPayload: true },
    change: dropHeader("x-sdk-content-sha256"),
  },
  {
    name: "SM3 is taken for SHA-256",
    cause: "wrong-algorithm",
    where: "algorithm",
    sent: ORDER,
    options: { algorithm: "SDK-HMAC-SM3" },
    change: editHeader("authorization", (value) => value.replace("SDK-HMAC-SM3", "SDK-HMAC-SHA256")),
  },
]

/** Changes that the gateway refuses and that have no name. */
export const UNNAMED: readonly Mutation[] = [
  {
    name: "a segment of the path is replaced",
    sent: ORDER,
    change: editPath((path) => path.replace("/orders", "/invoices")),
  },
  {
    name: "the path is in lower case",
    sent: { method: "GET", path: "/V1/Orders/ABC" },
    change: editPath((path) => path.toLowerCase()),
  },
  {
    name: "the name of a parameter ends elsewhere",
    sent: { method: "GET", path: "/v1/orders?filter=state%3Dopen" },
    change: editQuery((query) => query.replace("filter=state%3Dopen", "filter%3Dstate=open")),
  },
  {
    name: "a parameter has another value",
    sent: LIST,
    change: editQuery((query) => query.replace("limit=10", "limit=1000")),
  },
  { name: "a parameter has another name", sent: LIST, change: editQuery((query) => query.replace("limit=", "size=")) },
  {
    name: "two parameters swap their values",
    sent: { method: "GET", path: "/v1/x?a=1&b=2" },
    change: editQuery(() => "a=2&b=1"),
  },
]

/** Changes that the gateway accepts, since the signature does not cover them. */
export const HARMLESS: readonly Mutation[] = [
  { name: "a slash is added at the end of the path", sent: ORDER, change: editPath((path) => `${path}/`) },
  {
    name: "the slash at the end of the path is removed",
    sent: { method: "GET", path: "/v1/orders/" },
    change: editPath((path) => path.replace(/\/$/, "")),
  },
  { name: "the query is reordered", sent: LIST, change: editQuery((query) => query.split("&").reverse().join("&")) },
  { name: "escapes are in lower case", sent: FUNCTION, change: editPath((path) => path.replaceAll("%3A", "%3a")) },
  { name: "reserved characters are decoded", sent: FUNCTION, change: editPath((path) => path.replaceAll("%3A", ":")) },
  {
    name: "an unsigned header is added",
    sent: ORDER,
    change: (request) => withHeader(request, "x-forwarded-for", "10.0.0.1"),
  },
  {
    name: "unsigned Content-Type changes",
    sent: ORDER,
    change: editHeader("content-type", (type) => `${type}; charset=utf-8`),
  },
]
