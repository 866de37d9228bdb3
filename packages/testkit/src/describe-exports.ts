import * as core from "@countersign/auth-core"
import { expect, it } from "vitest"

/** Exports of the core that programs with an adapter do not need: to sign by hand, to verify, and to write an adapter. */
const CORE_ONLY = ["MAX_SIGNED_BODY_BYTES", "authenticatedSend", "canonicalRequest", "createSigner", "sign", "verify"]

/**
 * The contract of an adapter's entry: it exports all that its users need of the core, and its own names.
 *
 * @param entry the module of the entry.
 * @param own the names that it adds.
 */
export function describeExports(entry: object, own: readonly string[]): void {
  it("exports its own names and the names of the core that programs need", () => {
    const ofCore = Object.keys(core).filter((name) => !CORE_ONLY.includes(name))
    expect(Object.keys(entry).sort()).toEqual([...ofCore, ...own].sort())
  })
}
