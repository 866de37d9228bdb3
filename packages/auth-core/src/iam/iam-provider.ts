import type { Provider, ProviderContext } from "../identity/provider.ts"
import type { IamConnection } from "./iam-connection.ts"

/** A provider that calls IAM: those built on it reach IAM the same way. */
export interface IamProvider<T> extends Provider<T> {
  readonly iam: IamConnection
}

/** @param traits its own, with the binding of its own secret or of the provider that it is built on */
export function iamProvider<T>(
  iam: IamConnection,
  traits: Pick<Provider<T>, "yields" | "identityKey" | "binding">,
  provide: (context: ProviderContext<T> | undefined) => Promise<T>,
): IamProvider<T> {
  return Object.assign(async (context?: ProviderContext<T>) => provide(context), { ...traits, iam })
}

/** How a provider reaches IAM, if it does. */
export function connectionOf<V>(provider: Provider<V>): IamConnection | undefined {
  return callsIam(provider) ? provider.iam : undefined
}

function callsIam<V>(provider: Provider<V>): provider is IamProvider<V> {
  return "iam" in provider
}
