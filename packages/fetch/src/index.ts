export * from "@countersign/auth-core"
export { type AuthFetch, type AuthRequestInit, createFetch, type FetchOptions, withAuth } from "./create-fetch.ts"
