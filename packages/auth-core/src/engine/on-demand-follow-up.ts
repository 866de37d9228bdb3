export { followUp } from "./follow-up.ts"
export { hasOwnSecrets } from "./secret-headers.ts"
