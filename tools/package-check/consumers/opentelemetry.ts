import { instrument } from "@countersign/opentelemetry"
import { metrics } from "@opentelemetry/api"

export async function works(): Promise<boolean> {
  const stop = instrument({ meterProvider: { getMeter: (name) => metrics.getMeter(name) } })
  stop()
  return typeof stop === "function"
}
