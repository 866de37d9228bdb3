export interface Options {
  readonly limit: number
}

export const LIMIT = 1

export function limited({ limit }: Options): boolean {
  return limit <= LIMIT
}
