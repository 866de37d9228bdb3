export { readFormOrStream } from "./form-or-stream.ts"
export { keptBody } from "./kept-body.ts"
export { readableStreamOf } from "./readable-stream.ts"
export { requestInit } from "./request-init.ts"
