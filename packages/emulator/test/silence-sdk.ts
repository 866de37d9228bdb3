import { createRequire } from "node:module"

const require = createRequire(import.meta.url)

/** Call it behind the import of the official SDK, which configures log4js, and would print whole requests. */
export function silenceSdk(): void {
  const log4js = require("log4js") as { configure(options: object): void }
  log4js.configure({
    appenders: { out: { type: "stdout" } },
    categories: { default: { appenders: ["out"], level: "off" } },
  })
}
