/** A promise of the cache that a run broke. */
export interface Violation {
  readonly rule: Rule
  /** Milliseconds after the start. */
  readonly at: number
  readonly what: string
}

/** The promises, each with what it says. */
export const RULES = {
  "past its end": "No value is sent after its end by the issuer's clock.",
  "of another": "No value of another identity or secret is sent.",
  "an older value": "No value in the store is replaced by that of an earlier lease.",
  "refused before": "A process that has had a replacement never sends the refused value again.",
  "a call too many":
    "One call of IAM for each identity, secret and lifetime, while the store answers and has lost nothing.",
  "a refused secret":
    "A refused secret is asked four times in any hour: by the fleet while the store answers, else by each process.",
  "a long wait": "Every read ends within its bound.",
  "a stall": "While IAM answers and no process stands still, a read does not wait for anything else.",
  unrest: "One renewal after the last fault, IAM is asked once for each renewal.",
  uncaught: "Every error is an AuthError.",
} as const

type Rule = keyof typeof RULES
