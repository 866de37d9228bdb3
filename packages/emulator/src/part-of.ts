/** The parts of the emulator. */
export type Part = "iam" | "metadata" | "gateway"

export const PARTS: readonly Part[] = ["gateway", "iam", "metadata"]

const IAM =
  /^(?:\/|\/v3\/?|\/v3\/(?:auth|projects|regions|OS-FEDERATION)(?:\/.*)?|\/v3\.0\/OS-.*|\/v5\/(?:agencies\/assume|caller-identity))$/
const METADATA = /^\/(?:openstack|meta-data|pod-identity)\//

/** The part that a path belongs to, as it came off the wire. Services have paths that begin with /v3 too. */
export function partOf(path: string): Part {
  if (METADATA.test(path)) return "metadata"
  return IAM.test(path) ? "iam" : "gateway"
}
