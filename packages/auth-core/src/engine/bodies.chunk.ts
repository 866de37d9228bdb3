// Loaded only for a Request, a form or a stream.

export { refuseProxiedFetch } from "../runtime/proxy.chunk.ts"
export { streamBody } from "./client-body.ts"
export { fetchInKind, initMembers } from "./fetch-in-kind.ts"
export { readFormOrStream, refuseTooLarge } from "./form-or-stream.ts"
export { keptBody } from "./kept-body.ts"
export { requestCall } from "./request-call.ts"
