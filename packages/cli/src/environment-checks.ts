import { isSecretKeyLike } from "@countersign/auth-core/adapter"
import type { Check } from "./check.ts"
import { isPlaceholder } from "./is-placeholder.ts"
import { withoutPassword } from "./proxy-fault.ts"

/** The variables that this library reads, with those whose values are secret. */
const READ = [
  "HUAWEICLOUD_SDK_AK",
  "HUAWEICLOUD_SDK_SK",
  "HUAWEICLOUD_SDK_SECURITY_TOKEN",
  "HUAWEICLOUD_SDK_PROJECT_ID",
  "HUAWEICLOUD_SDK_DOMAIN_ID",
  "HUAWEICLOUD_SDK_IDP_ID",
  "HUAWEICLOUD_SDK_ID_TOKEN_FILE",
  "HUAWEICLOUD_SDK_IAM_ENDPOINT",
  "HUAWEICLOUD_SDK_STS_ENDPOINT",
  "HUAWEICLOUD_SDK_CREDENTIALS_FILE",
  "HC_CONTAINER_CREDENTIALS_FULL_URI",
  "HC_CONTAINER_AUTHORIZATION_TOKEN_FILE",
  "COUNTERSIGN_TOKEN",
  "COUNTERSIGN_USER",
  "COUNTERSIGN_DOMAIN",
  "COUNTERSIGN_PASSWORD",
  "COUNTERSIGN_PASSCODE",
]

/** An AK is shown, since the other side prints it too. */
const IS_SECRET = /_SK$|TOKEN$|PASSWORD$|PASSCODE$/

/** Variables of other tools with the same meaning. */
const OTHERS: readonly (readonly [names: RegExp, tool: string])[] = [
  [
    /^HW_(?:(?:ACCESS|SECRET)_KEY|SECURITY_TOKEN|REGION_NAME|PROFILE|SHARED_CONFIG_FILE|USER_(?:NAME|ID|PASSWORD)|AUTH_TOKEN|AUTH_URL|CLOUD|(?:DOMAIN|PROJECT)_(?:NAME|ID))$/,
    "Terraform",
  ],
  [
    /^OS_(?:(?:ACCESS|SECRET)_KEY|SECURITY_TOKEN|USER_?NAME|USER_ID|PASSWORD|TOKEN|AUTH_TOKEN|AUTH_URL|CLOUD|CLIENT_CONFIG_FILE|REGION_NAME|(?:USER_|PROJECT_)?DOMAIN_(?:NAME|ID)|PROJECT_(?:NAME|ID))$/,
    "OpenStack",
  ],
  [/^AWS_(?:ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN)$/, "AWS, whose keys are none of Huawei Cloud"],
  [/^CLOUD_SDK_(?:AK|SK|ACCESS_KEY|SECRET_KEY)$/, "the samples of API Explorer"],
  [/^(?:HUAWEICLOUD|HUAWEI)_(?:ACCESS_KEY|SECRET_KEY|ACCESS_KEY_ID|SECRET_ACCESS_KEY|AK|SK)$/, "other tools"],
  [/^HUAWEI_CLOUD_(?:AK|SK)$|^HWC_(?:ACCESS|SECRET)_KEY$/, "other tools"],
  [/^(?:SBC|G42|HCS)_(?:ACCESS|SECRET)_KEY$/, "the Terraform provider of a partner cloud"],
]

/** The variable or option that takes the value of another tool's. */
function ownNameOf(name: string): string {
  if (/PROJECT_(?:NAME|ID)$/.test(name)) return "--project"
  if (/DOMAIN_(?:NAME|ID)$/.test(name)) return "--domain"
  if (/_CLOUD$/.test(name)) return "--cloud"
  if (/SECURITY_TOKEN$/.test(name)) return "HUAWEICLOUD_SDK_SECURITY_TOKEN"
  if (/SECRET|_SK$/.test(name)) return "HUAWEICLOUD_SDK_SK"
  if (/ACCESS_KEY|_AK$/.test(name)) return "HUAWEICLOUD_SDK_AK"
  if (/AUTH_URL$/.test(name)) return "HUAWEICLOUD_SDK_IAM_ENDPOINT"
  if (/(?:AUTH_|^OS_)TOKEN$/.test(name)) return "COUNTERSIGN_TOKEN"
  if (/PROFILE$|CONFIG_FILE$/.test(name)) return "HUAWEICLOUD_SDK_CREDENTIALS_FILE"
  if (/USER_?(?:NAME|ID)$/.test(name)) return "COUNTERSIGN_USER"
  return /PASSWORD$/.test(name) ? "COUNTERSIGN_PASSWORD" : "--region"
}

function fixOf(name: string): string {
  if (name.startsWith("AWS_")) return "Set HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK to a key of Huawei Cloud."
  if (/^OS_(?:CLOUD|CLIENT_CONFIG_FILE)$/.test(name))
    return "`countersign credentials import clouds.yaml` writes the key of a cloud into a profile."
  const own = ownNameOf(name)
  return `${own.startsWith("--") ? "Pass" : "Set"} ${own} instead.`
}

/** The variables that count, and near misses. */
export function environmentChecks(env: NodeJS.ProcessEnv): Check[] {
  return [...READ.flatMap((name) => ownVariable(name, env[name])), ...wrongCase(env), ...othersIn(env)]
}

function ownVariable(name: string, value: string | undefined): Check[] {
  if (value === undefined) return []
  const check = { group: "environment", name } as const
  if (value.trim() === "") return [{ ...check, verdict: "warning", text: "is set and blank, so it does not count" }]
  const fault = faultOf(name, value)
  if (fault !== undefined) return [{ ...check, verdict: "failed", ...fault }]
  const length = `is set, ${value.length} characters`
  if (name === "HUAWEICLOUD_SDK_AK" && isSecretKeyLike(value)) {
    const fix = "An access key has 20 capitals and digits: check whether AK and SK are mixed up."
    return [{ ...check, verdict: "warning", text: `${length}, too long for an access key`, fix }]
  }
  // A byte order mark around the value is dropped here.
  if (value.includes(BOM)) {
    const text = "has a byte order mark, which other programs take for a part of the value"
    return [{ ...check, verdict: "warning", text, fix: "Write the value anew, without BOM." }]
  }
  return [{ ...check, verdict: "ok", text: IS_SECRET.test(name) ? length : shownValue(value) }]
}

const BOM = "\uFEFF"

/** An origin may hold a password. */
function shownValue(value: string): string {
  return value.includes("://") ? withoutPassword(value) : value
}

function faultOf(name: string, value: string): Pick<Check, "text" | "fix"> | undefined {
  if (/^["'`“”‘’]|["'`“”‘’]$/.test(value.trim())) {
    return {
      text: "has quotes around its value",
      fix: "Write the value alone: Docker's and systemd's files keep quotes.",
    }
  }
  if (value.trim().includes(BOM))
    return { text: "has a byte order mark within", fix: "Write the value anew, without BOM." }
  if (/_ENDPOINT$/.test(name) && withoutPassword(value) !== value) {
    return { text: "holds a user name or password", fix: "Write the origin alone, such as https://HOST." }
  }
  if (isPlaceholder(value)) return { text: "is a placeholder", fix: "Put the real value in its place." }
  return undefined
}

/** Names are exact, except on Windows. */
function wrongCase(env: NodeJS.ProcessEnv): Check[] {
  return Object.keys(env).flatMap((name): Check[] => {
    const right = name.toUpperCase()
    if (name === right || !READ.includes(right) || env[right] !== undefined) return []
    return [{ group: "environment", name, verdict: "warning", text: "does not count", fix: `Write it ${right}.` }]
  })
}

function othersIn(env: NodeJS.ProcessEnv): Check[] {
  return Object.keys(env).flatMap((name): Check[] => {
    const tool = OTHERS.find(([names]) => names.test(name))?.[1]
    if (tool === undefined || (env[name] ?? "") === "") return []
    return [
      {
        group: "environment",
        name,
        verdict: "warning",
        text: `belongs to ${tool}, and is not read here`,
        fix: fixOf(name),
      },
    ]
  })
}
