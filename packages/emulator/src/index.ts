export type { EmulatorOptions } from "./emulator-options.ts"
export type { ServiceRefusal } from "./service-refusals.ts"
export { type Emulator, startEmulator } from "./start-emulator.ts"
export type {
  AccessKey,
  Account,
  Accounts,
  Agency,
  App,
  Customer,
  IdentityProvider,
  Mfa,
  Named,
  NewCustomer,
  Partner,
  User,
} from "./state/accounts.ts"
export type { FaultOptions, Faults, FaultTarget, Lockable, MetadataMode } from "./state/faults.ts"
export type { Caller, GatewayRequest, Scheme, Stats } from "./state/stats.ts"
export type { RequestSummary } from "./view/record.ts"
