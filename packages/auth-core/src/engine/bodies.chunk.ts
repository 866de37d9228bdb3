// Loaded only for a Request, a form or a stream.

export { refuseProxiedFetch } from "../runtime/proxy.chunk.ts"
export { keptBody } from "./chunk-source.ts"
export { streamBody } from "./client-body.ts"
export { fetchInKind, initMembers, requestCall } from "./fetch-in-kind.ts"
export { readFormOrStream, refuseTooLarge } from "./form-or-stream.ts"
