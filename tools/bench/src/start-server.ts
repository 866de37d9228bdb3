import { spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"

/** Starts the server that answers every request. Returns its origin. */
export async function startServer(
  node: string,
  protocol: "http" | "https" = "http",
): Promise<{ origin: string; stop(): void }> {
  const program = fileURLToPath(new URL("server-process.ts", import.meta.url))
  const child = spawn(node, [program, protocol], { stdio: ["pipe", "pipe", "inherit"] })
  const [port] = (await once(child.stdout, "data")) as [Buffer]
  return {
    origin: `${protocol}://${protocol === "https" ? "localhost" : "127.0.0.1"}:${port.toString().trim()}`,
    stop: () => child.kill(),
  }
}
