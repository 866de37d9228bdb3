import type { SigningAlgorithm } from "@countersign/auth-core"

/** Adds an algorithm that the core has only by import. Its library is loaded for those who name it, since that takes time. */
export async function addAlgorithm(name: SigningAlgorithm | "auto" | undefined): Promise<void> {
  if (name === "SDK-ECDSA-P256-SHA256") await import("@countersign/auth-core/p256")
  if (name === "SDK-SM2-SM3") await import("@countersign/auth-core/sm2")
}
