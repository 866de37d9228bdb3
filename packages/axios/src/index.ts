export * from "@countersign/auth-core"
export { type AuthInterceptor, authInterceptor, withAuth } from "./auth-interceptor.ts"
export { iamFetch } from "./iam-fetch.ts"
