export * from "@countersign/auth-core"
export { authHooks, withAuth } from "./with-auth.ts"
