import { readFormOrStream } from "./form-or-stream.ts"
import { MAX_REPLAYABLE_BYTES } from "./prepared-body.ts"

/** A Request taken apart; what `init` says prevails, as it does in fetch. */
export function requestInit(request: Request, init: RequestInit): RequestInit | Promise<RequestInit> {
  const own: RequestInit = { method: request.method, headers: request.headers, signal: request.signal }
  for (const [name, usual] of Object.entries(USUAL)) {
    const value = request[name as keyof typeof USUAL]
    // Only a browser itself may navigate.
    if (value !== usual && value !== "navigate") Object.assign(own, { [name]: value })
  }
  for (const [name, value] of Object.entries(init)) if (value !== undefined) Object.assign(own, { [name]: value })
  const body = init.body ?? null
  if (body !== null || request.body === null) return { ...own, body }
  return bodyOf(request, own.signal ?? undefined).then((read) => ({ ...own, body: read }))
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
  const { bytes, discard } = await readFormOrStream(request.clone().body, MAX_REPLAYABLE_BYTES, signal)
  // Another one since it was cloned.
  const { body } = request
  if (bytes === undefined) {
    discard?.()
    return body
  }
  await body?.cancel()
  return bytes as BodyInit
}
