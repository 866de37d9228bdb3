import type { ResponseLike, WireRequest } from "@countersign/auth-core/adapter"
import type { Agenda } from "../time/agenda.ts"
import type { Machine } from "../time/machine.ts"
import type { Random } from "../time/random.ts"
import type { Iam } from "./iam.ts"

export const SERVICE_URL = "https://ecs.ap-southeast-1.myhuaweicloud.com/v1/servers"

const DELAY_MS = 20

/** A model of a cloud service: it refuses tokens that have ended or were revoked. */
export function callService(
  { agenda, iam, random }: { agenda: Agenda; iam: Iam; random: Random },
  machine: Machine,
  { headers }: WireRequest,
): Promise<ResponseLike> {
  return new Promise((resolve) => {
    agenda.at(machine.time + DELAY_MS / 2, () => {
      const issued = iam.find(headers["x-auth-token"] ?? "")
      const isValid = issued !== undefined && agenda.now < issued.expiresAt && issued.revokedAt === undefined
      const text = isValid ? "{}" : '{"error_code":"APIGW.0307","error_msg":"The token must be updated."}'
      const response = { status: isValid ? 200 : 401, headers: { get: () => null }, peek: () => text }
      machine.receive(agenda.now + random.exponential(DELAY_MS / 2), () => resolve(response))
    })
  })
}
