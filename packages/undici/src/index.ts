export * from "@countersign/auth-core"
export { type AuthDispatchOptions, authInterceptor, withAuth } from "./auth-interceptor.ts"
