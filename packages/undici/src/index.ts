export * from "@countersign/auth-core"
export { authInterceptor, withAuth } from "./auth-interceptor.ts"
