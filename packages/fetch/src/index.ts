export * from "@countersign/auth-core"
export { type AuthRequestInit, createFetch, type FetchOptions, withAuth } from "./create-fetch.ts"
