// Entry point for runtimes without node:crypto, or whose node:crypto has no SM3: importing it is all it takes.
import { sm3 } from "sm-crypto-v2"
import { registerSm3 } from "./digest/sm3.ts"

registerSm3((bytes) => Uint8Array.from(sm3(bytes).match(/../g) ?? [], (hex) => Number.parseInt(hex, 16)))
