import { andThen, type RequestHead, urlIfValid } from "@countersign/auth-core/adapter"
import type { Identity } from "./identity.ts"
import type { Awaitable } from "./lookup.ts"
import type { OpenRequest, Verdict } from "./open-request.ts"
import type { Refusal } from "./refusal.ts"
import { NOWHERE, type Tell, type VerifierEvent } from "./verifier-event.ts"

/** Tells the verdict on a request, once. */
export function watched<Owner>(
  head: RequestHead,
  opened: Awaitable<OpenRequest<Owner> | Refusal>,
  tell: Tell,
): Awaitable<OpenRequest<Owner> | Refusal> {
  return andThen(opened, (one) => watchedAtHand(head, one, tell))
}

function watchedAtHand<Owner>(
  head: RequestHead,
  opened: OpenRequest<Owner> | Refusal,
  tell: Tell,
): OpenRequest<Owner> | Refusal {
  let isTold = false
  const note = <V extends Verdict<Owner>>(verdict: V): V => {
    if (!isTold) tell(eventOf(head, verdict))
    isTold = true
    return verdict
  }
  if (!opened.ok) return note(opened)
  return {
    ok: true,
    get auth() {
      return opened.auth
    },
    get needsBody() {
      return opened.needsBody
    },
    update(chunk) {
      const refused = opened.update(chunk)
      return refused && note(refused)
    },
    end(last) {
      return andThen(opened.end(last), note)
    },
  }
}

function eventOf<Owner>({ method, url, headers }: RequestHead, verdict: Verdict<Owner>): VerifierEvent {
  const at = urlIfValid(url)
  const byHost = at?.origin === NOWHERE ? urlIfValid(`http://${Object(headers).host}`) : at
  const place = { method, origin: byHost?.origin ?? "", path: at?.pathname ?? "" }
  if (!verdict.ok) {
    const { code, status, accessKeyId } = verdict
    return { type: "refused", ...place, code, status, accessKeyId }
  }
  const { auth } = verdict
  if (auth === undefined) return { type: "accepted", ...place }
  return { type: "accepted", ...place, scheme: auth.scheme, accessKeyId: auth.accessKeyId, label: labelOf(auth) }
}

function labelOf<Owner>(auth: Identity<Owner>): string {
  if (auth.scheme !== "token") return `access key ${auth.accessKeyId}`
  return `token of ${auth.user.name} @ ${auth.user.domain.name}`
}
