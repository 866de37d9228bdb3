// Entry point for runtimes without node:crypto, or whose node:crypto has no SM3 (Bun): importing it is all it takes.
import { sm3 } from "sm-crypto-v2"
import { registerSm3 } from "./digest/sm3.ts"
import { sm3InOneGo } from "./digest/sm3-in-one-go.ts"

registerSm3(sm3InOneGo((bytes) => sm3(bytes)))
