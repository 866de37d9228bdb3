import { AuthError } from "../errors/auth-error.ts"
import { checkNames } from "../iam/token-scope.ts"
import type { Credentials } from "../identity/credentials.ts"
import { type CredentialProvider, yielding } from "../identity/provider.ts"
import { redactCredential } from "../identity/secret.ts"
import { ASK_AGAIN_MS, homeDirectory, readTextFile } from "../runtime/environment.ts"
import { isObject, listAt, memberAt, parseJson, textAt } from "../runtime/read-answer.ts"
import { checkedKey } from "./env-credentials.ts"

/** Options of {@link hcloudCredentials}. */
export interface HcloudCredentialsOptions {
  /** @default ~/.hcloud/config.json */
  file?: string | undefined
  /** The profile to read. @default the current one of KooCLI, else the only one */
  profile?: string | undefined
}

/**
 * Access keys from the config of KooCLI (`hcloud`): of a profile in AKSK mode, or the temporary key of one in SSO mode.
 * `projectId` and `domainId` are attached. For Node.js, Bun and Deno.
 *
 * KooCLI encrypts its config by default, and only KooCLI can read it then. `hcloud configure set --cli-auth-encrypt=false` writes
 * it in clear.
 *
 * The file is read at each call; a cache in use calls about every 10 s.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION` at once. When asked: `AUTH_CREDENTIALS_MISSING` when the file, profile or key is
 * absent; `AUTH_INVALID_CREDENTIALS` when the file is encrypted or malformed, has half a key, or the profile's mode has no key of
 * its own.
 * @see KooCLI user guide, "Configuration File"
 */
export function hcloudCredentials({ file, profile }: HcloudCredentialsOptions = {}): CredentialProvider {
  checkNames({ file, profile })
  return yielding("credentials", async (context) => {
    const path = file ?? `${homeDirectory() ?? "~"}/.hcloud/config.json`
    const text = await readTextFile(path)
    if (text === undefined) throw new AuthError("AUTH_CREDENTIALS_MISSING", `There is no KooCLI config at ${path}.`)
    const { profiles, current } = hcloudProfiles(text, path)
    const names = profiles.map(({ name }) => name)
    const wanted = profile ?? current ?? (names.length === 1 ? names[0] : undefined)
    const chosen = profiles.find(({ name }) => name === wanted)
    if (chosen === undefined) {
      const found = names.length === 0 ? "it has none" : `it has ${names.join(", ")}`
      throw new AuthError(
        "AUTH_CREDENTIALS_MISSING",
        wanted === undefined
          ? `${path} has no current profile: ${found}. Pass \`profile\`.`
          : `${path} has no profile ${JSON.stringify(wanted)}: ${found}.`,
      )
    }
    context?.refreshAfter?.(ASK_AGAIN_MS)
    return redactCredential(keyOf(chosen, `The profile ${JSON.stringify(chosen.name)} of ${path}`))
  })
}

/** A profile of KooCLI. */
export interface HcloudProfile {
  /** Its name in the file. */
  readonly name: string
  /** The parts of an access key that it has. */
  readonly key: Partial<Credentials>
  /** Its mode if that is neither AKSK nor SSO, such as "ecsAgency". */
  readonly otherMode: string | undefined
}

function keyOf({ key, otherMode }: HcloudProfile, source: string): Credentials {
  if (otherMode !== undefined) {
    const advice = /ecs/i.test(otherMode)
      ? "metadataCredentials() asks the ECS server for it"
      : "get one by agencyCredentials({ via, … }) or another provider"
    throw new AuthError(
      "AUTH_INVALID_CREDENTIALS",
      `${source} is in the mode ${JSON.stringify(otherMode)}, in which it has no access key of its own: ${advice}.`,
    )
  }
  const { accessKeyId, secretAccessKey } = key
  if (accessKeyId === undefined && secretAccessKey === undefined) {
    throw new AuthError("AUTH_CREDENTIALS_MISSING", `${source} has no access key.`)
  }
  if (accessKeyId === undefined || secretAccessKey === undefined) {
    const [half, missing] = ["accessKeyId", "secretAccessKey"].sort((name) => (name in key ? -1 : 1))
    throw new AuthError("AUTH_INVALID_CREDENTIALS", `${source} has ${half} without ${missing}: set both.`)
  }
  return checkedKey({ ...key, accessKeyId, secretAccessKey }, source)
}

/**
 * The profiles in the config of KooCLI.
 *
 * @param path for messages
 * @throws {AuthError} `AUTH_INVALID_CREDENTIALS` when it is encrypted or malformed
 */
export function hcloudProfiles(text: string, path: string): { profiles: HcloudProfile[]; current: string | undefined } {
  const config = parseJson(text)
  const refused = (problem: string): AuthError => new AuthError("AUTH_INVALID_CREDENTIALS", `${path} ${problem}.`)
  if (!isObject(config)) throw refused("is malformed: it must be the JSON of KooCLI")
  if (String(memberAt(config, "authEncrypt")).toLowerCase() === "true") {
    throw refused(
      "is encrypted, and only KooCLI can read it. `hcloud configure set --cli-auth-encrypt=false` writes it in clear, for all profiles",
    )
  }
  const profiles = listAt(config, "profiles").map((profile): HcloudProfile => {
    const name = textAt(profile, "name") ?? ""
    const mode = textAt(profile, "mode")
    const sso = memberAt(profile, "ssoAuth", "stsToken")
    // KooCLI writes empty members for the kinds that a profile does not use.
    const isSso = mode === undefined ? textAt(sso, "accessKeyId") !== undefined : mode.toUpperCase() === "SSO"
    const textOf = (holder: unknown, member: keyof Credentials): Partial<Credentials> => {
      const value = memberAt(holder, member) ?? ""
      if (typeof value !== "string") throw refused(`is malformed: ${member} of the profile ${name} must be a text`)
      return value === "" ? {} : { [member]: value }
    }
    const key = isSso ? sso : profile
    return {
      name,
      key: {
        ...textOf(key, "accessKeyId"),
        ...textOf(key, "secretAccessKey"),
        ...textOf(key, "securityToken"),
        ...textOf(profile, "projectId"),
        ...textOf(profile, "domainId"),
      },
      otherMode: mode === undefined || /^(?:AKSK|SSO)$/i.test(mode) ? undefined : mode,
    }
  })
  const twice = profiles.find(({ name }, index) => profiles.findIndex((other) => other.name === name) !== index)
  if (twice !== undefined) throw refused(`has two profiles of the name ${JSON.stringify(twice.name)}`)
  return { profiles, current: textAt(config, "current") }
}
