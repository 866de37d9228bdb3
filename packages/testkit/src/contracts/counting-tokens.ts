import type { TokenProvider } from "@countersign/auth-core"

export interface CountingTokens {
  provider: TokenProvider
  calls: number
}

/** Issues tokens that are numbered from one. */
export function countingTokens(delayMs = 5): CountingTokens {
  const tokens: CountingTokens = {
    calls: 0,
    provider: async () => {
      tokens.calls += 1
      await new Promise((resolve) => setTimeout(resolve, delayMs))
      return {
        value: `MIIsecret-token-number-${tokens.calls}`,
        issuedAt: Date.now(),
        expiresAt: Date.now() + 86_400_000,
      }
    },
  }
  return tokens
}
