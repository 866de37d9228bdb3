import { readFormOrStream } from "./form-or-stream.ts"
import { MAX_REPLAYABLE_BYTES } from "./prepared-body.ts"

/** A Request taken apart; what `init` says prevails, as it does in fetch. */
export async function requestInit(request: Request, init: RequestInit): Promise<RequestInit> {
  const own: RequestInit = { method: request.method, headers: request.headers, signal: request.signal }
  for (const [name, usual] of Object.entries(USUAL)) {
    const value = request[name as keyof typeof USUAL]
    // Only a browser itself may navigate.
    if (value !== usual && value !== "navigate") Object.assign(own, { [name]: value })
  }
  for (const [name, value] of Object.entries(init)) if (value !== undefined) Object.assign(own, { [name]: value })
  return { ...own, body: init.body ?? (await bodyOf(request, own.signal ?? undefined)) }
}

/** What a Request is unless it was told otherwise, which takes fetch its time to read again. */
const USUAL = {
  redirect: "follow",
  credentials: "same-origin",
  cache: "default",
  mode: "cors",
  referrer: "about:client",
  referrerPolicy: "",
  integrity: "",
  keepalive: false,
}

/** A Request can be sent once only: its bytes when they are few enough to be kept for a replay, else its stream. */
async function bodyOf(request: Request, signal: AbortSignal | undefined): Promise<BodyInit | null> {
  if (request.body === null) return null
  const { bytes, discard } = await readFormOrStream(request.clone().body, MAX_REPLAYABLE_BYTES, signal)
  if (bytes === undefined) {
    discard?.()
    return request.body
  }
  await request.body.cancel()
  return bytes as BodyInit
}
