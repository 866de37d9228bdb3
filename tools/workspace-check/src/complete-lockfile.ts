import { readFile, writeFile } from "node:fs/promises"
import { type LockedPackage, type Lockfile, missingOptionalDependencies } from "./lockfile.ts"

// npm omits a platform's build of a package in package-lock.json if the registry lacks that build, as mirrors may. `npm ci`
// then refuses the lockfile on every platform. This program adds the entries. Builds of other platforms are never fetched.
const file = new URL("../../../package-lock.json", import.meta.url)
const lockfile: Lockfile = JSON.parse(await readFile(file, "utf8"))
const missing = missingOptionalDependencies(lockfile)
for (const { name, version, of } of missing) {
  lockfile.packages[`node_modules/${name}`] = entryOf(name, version, of)
  console.log(`added ${name}@${version}`)
}
lockfile.packages = Object.fromEntries(
  Object.entries(lockfile.packages).sort(([one], [other]) => one.localeCompare(other, "en")),
)
if (missing.length > 0) await writeFile(file, `${JSON.stringify(lockfile, null, 2)}\n`)
console.log("package-lock.json is complete")

function entryOf(name: string, version: string, of: LockedPackage): LockedPackage {
  const words = name.split(/[/-]/)
  const os = words.filter((word) => /^(aix|android|darwin|freebsd|linux|openbsd|openharmony|sunos|win32)$/.test(word))
  const cpu = words.filter((word) => /^(arm|arm64|ia32|loong64|ppc64|riscv64|s390x|wasm32|x64)$/.test(word))
  if (!/^\d+\.\d+\.\d+/.test(version) || os.length + cpu.length === 0) {
    throw new Error(
      `${name}@${version} is no platform's build of a fixed version: run npm install where it can be had.`,
    )
  }
  return {
    version,
    ...(cpu.length > 0 && { cpu }),
    ...(of.dev && { dev: true }),
    ...(words.includes("musl") && { libc: ["musl"] }),
    ...(of.license && { license: of.license }),
    optional: true,
    ...(os.length > 0 && { os }),
  }
}
