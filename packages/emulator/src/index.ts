export { type Emulator, type EmulatorOptions, startEmulator } from "./start-emulator.ts"
export type {
  AccessKey,
  Account,
  Accounts,
  Agency,
  Customer,
  IdentityProvider,
  Named,
  Partner,
  User,
} from "./state/accounts.ts"
export type { FaultOptions, Faults, FaultTarget, MetadataMode } from "./state/faults.ts"
export type { GatewayRequest, Stats } from "./state/stats.ts"
