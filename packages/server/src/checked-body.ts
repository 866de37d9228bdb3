import type { OpenRequest } from "./open-request.ts"
import { RequestRefused } from "./refusal.ts"

/**
 * Passes a body on while it is checked. It fails at its end if the body is not the one that was signed, and as soon as it is too
 * large. So keep no effect of a body that fails.
 *
 * @throws {RequestRefused} while it is read
 */
export async function* checkedBody(
  opened: OpenRequest,
  body: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of body) {
    const refused = opened.update(chunk)
    if (refused !== undefined) throw new RequestRefused(refused)
    yield chunk
  }
  const verdict = await opened.end()
  if (!verdict.ok) throw new RequestRefused(verdict)
}
