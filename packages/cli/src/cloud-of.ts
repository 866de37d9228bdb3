import {
  type Cloud,
  cloudRuAdvanced,
  flexibleEngine,
  g42Cloud,
  huaweiCloud,
  huaweiCloudEurope,
  openTelekomCloud,
  swissOpenTelekomCloud,
} from "@countersign/auth-core"
import { CommandError, EXIT_CODES } from "./exit-code.ts"

const PRESETS: readonly Cloud[] = [
  huaweiCloud,
  huaweiCloudEurope,
  openTelekomCloud,
  swissOpenTelekomCloud,
  flexibleEngine,
  cloudRuAdvanced,
  g42Cloud,
]

/** The cloud with a domain, such as `otc.t-systems.com`: the preset, where there is one. */
export function cloudOf(domain: string): Cloud {
  const name = domain.toLowerCase()
  if (/^[a-z\d][a-z\d-]*(?:\.[a-z\d][a-z\d-]*)+$/.test(name)) {
    return PRESETS.find((preset) => preset.domain === name) ?? { domain: name }
  }
  throw new CommandError(EXIT_CODES.usage, `--cloud takes a domain such as otc.t-systems.com, not ${domain}.`)
}

/** Whether a cloud is Huawei's own, which alone has STS. */
export function isHuaweis({ domain }: Cloud): boolean {
  return domain === huaweiCloud.domain || domain === huaweiCloudEurope.domain
}
