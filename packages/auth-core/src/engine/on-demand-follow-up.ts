export { followUp } from "./follow-up.ts"
export { hiddenRedirect } from "./redirect.ts"
