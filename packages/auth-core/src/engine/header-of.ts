import type { ResponseLike } from "./response-like.ts"

/** One header of a response, whatever its client keeps there; a mock may keep none. */
export function headerOf(
  { headers }: { headers?: Partial<ResponseLike["headers"]> },
  name: string,
): string | undefined {
  const value = headers?.get?.(name)
  return typeof value === "string" ? value : undefined
}
