import { isStream } from "./is-stream.ts"
import type { ResponseLike } from "./response-like.ts"

/** Whether it is a Response as fetch gives it, also one of another library. */
export function isFetchResponse(response: ResponseLike): response is Response {
  return "bodyUsed" in response && "clone" in response
}

/** Ends the reading of its body, which other libraries have as a Node stream. */
export async function cancelBody({ body }: Response): Promise<void> {
  if (body === null || typeof body !== "object") return
  if (typeof body.cancel === "function") await body.cancel()
  else if ("destroy" in body && typeof body.destroy === "function") body.destroy()
}

/** The body of a clone. */
export function clonedBody(response: Response): unknown {
  const { body } = response.clone()
  const own: unknown = response.body
  // node-fetch listens to the body it made, but not to the half that a clone leaves of it: an error of that, which nobody
  // may be reading, would end the process.
  if (isStream(own) && "on" in own) own.on("error", () => undefined)
  return body
}
