import { execFile } from "node:child_process"
import { readFileSync } from "node:fs"
import { promisify } from "node:util"

const PAGE = readFileSync(new URL("../../../docs/packages/redis.md", import.meta.url), "utf8")

/** Creates a user as the documentation says, in a shell, on the server at a port. */
export async function grantDocumented(user: string, port: number, password: string): Promise<void> {
  const command = new RegExp(`^redis-cli (ACL SETUSER ${user} [^\`]*)\`\`\``, "m").exec(PAGE)?.[1]
  if (command === undefined) throw new Error(`docs/packages/redis.md has no redis-cli ACL SETUSER ${user}.`)
  const line = `redis-cli -p ${port} ${command.replace("PASSWORD", password)}`
  const { stdout } = await promisify(execFile)("sh", ["-c", line])
  if (stdout.trim() !== "OK") throw new Error(`${line} printed ${stdout}`)
}
