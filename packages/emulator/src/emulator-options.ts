import { invalidOption } from "@countersign/auth-core/adapter"
import { checkBoolean, checkObject, checkText, checkWhole } from "./check-input.ts"
import type { WorldOptions } from "./state/world.ts"
import type { RequestSummary } from "./view/record.ts"

/** Options of `startEmulator`. */
export interface EmulatorOptions extends WorldOptions {
  /** @default a free one */
  port?: number | undefined
  /** Address to listen on. @default "127.0.0.1" */
  host?: string | undefined
  /** Serves the live view, and the control routes for tests in other languages, at `/-/`. @default false */
  ui?: boolean | undefined
  /** Origins of web pages that may call the emulator, such as `http://localhost:5173`; `*` for all. @default none */
  cors?: "*" | readonly string[] | undefined
  /** Called with each request once it is answered, secrets masked. @default none */
  onRequest?: ((request: RequestSummary) => void) | undefined
}

/** @throws {AuthError} `AUTH_INVALID_OPTION` */
export function checkOptions(options: EmulatorOptions): void {
  checkObject("options", options, "{ port, host, ui, cors, wrongPasswords, onRequest }")
  const { port = 0, host = "127.0.0.1", ui = false, cors = "*", wrongPasswords = 1, onRequest } = options
  checkWhole("port", port, 0, 65_535)
  checkText("host", host)
  checkBoolean("ui", ui)
  checkWhole("wrongPasswords", wrongPasswords, 1)
  if (cors !== "*" && !(Array.isArray(cors) && cors.every(isOrigin)))
    throw invalidOption("`cors` must be *, or a list of origins, such as http://localhost:5173.")
  if (onRequest !== undefined && typeof onRequest !== "function") throw invalidOption("`onRequest` must be a function.")
}

/** As browsers send it: those of applications have schemes of their own, and a page from a file has none. */
function isOrigin(text: unknown): boolean {
  return typeof text === "string" && /^(?:null|[a-z][a-z\d+.-]*:\/\/[^/?#\s]+)$/.test(text)
}
