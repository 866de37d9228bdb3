import type { Provider, ProviderContext } from "./provider.ts"

/** A provider that says what it yields, so that a mistake shows where it is passed on, not when it is asked. */
export function yielding<T>(
  yields: NonNullable<Provider<T>["yields"]>,
  provide: (context?: ProviderContext<T>) => Promise<T>,
): Provider<T> {
  return Object.assign(provide, { yields })
}
