import { useEffect, useRef, useState } from "preact/hooks"
import type {
  CheckStep,
  RequestDetail as Detail,
  RequestExplanation,
  RequestSummary,
  SignedDifference,
} from "../src/view/record.ts"
import { call } from "./api.ts"
import { CanonicalComparison } from "./canonical-comparison.tsx"
import { CopyButton } from "./copy-button.tsx"
import { isRefused, timeOfDay, verdictWords, whoOf } from "./words.ts"

interface RequestDetailProps {
  request: RequestSummary
  /** Counts up when the reader asks for the focus to come here. */
  opened: number
  onClose: () => void
}

/** One request in full: its check step by step, what was signed and what arrived, headers, body, answer. */
export function RequestDetail({ request, opened, onClose }: RequestDetailProps) {
  const [detail, setDetail] = useState<Detail | Error | undefined>(undefined)
  const section = useRef<HTMLElement>(null)
  const heading = useRef<HTMLHeadingElement>(null)
  const { id, method, target, durationMs } = request
  useEffect(() => {
    let isWanted = true
    call<Detail>("GET", `requests/${id}`).then(
      (found) => isWanted && setDetail(found),
      (error: unknown) => isWanted && setDetail(error instanceof Error ? error : new Error(String(error))),
    )
    return () => {
      isWanted = false
    }
  }, [id, durationMs])
  useEffect(() => {
    if (opened > 0) heading.current?.focus()
  }, [opened])
  useEffect(() => {
    const closeOnEscape = ({ key }: KeyboardEvent): void => {
      if (key === "Escape") onClose()
    }
    const { current } = section
    current?.addEventListener("keydown", closeOnEscape)
    return () => current?.removeEventListener("keydown", closeOnEscape)
  })
  const isCurrent = detail !== undefined && !(detail instanceof Error) && detail.id === id
  return (
    <section class="detail" aria-labelledby="detail-heading" ref={section}>
      <header>
        <h2 id="detail-heading" tabIndex={-1} ref={heading}>
          {method} {target}
        </h2>
        <button type="button" onClick={onClose}>
          Close
        </button>
      </header>
      <Facts request={request} />
      {detail instanceof Error && <p role="alert">{detail.message}</p>}
      {isCurrent && <Everything detail={detail} />}
    </section>
  )
}

function Facts({ request }: { request: RequestSummary }) {
  const { time, client, status, durationMs, grantEndsAt } = request
  const facts: [string, string][] = [
    ["Verdict", verdictWords(request)],
    ["Status", status === undefined ? "none" : String(status)],
    ["Who", whoOf(request) || "nobody"],
    ["Client", client || "unnamed"],
    ["Time", `${timeOfDay(time)}${durationMs === undefined ? "" : `, answered after ${durationMs} ms`}`],
    ...(grantEndsAt === undefined
      ? []
      : [["Issued until", new Date(grantEndsAt).toISOString()] satisfies [string, string]]),
  ]
  return (
    <dl class="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd class={name === "Verdict" ? (isRefused(request) ? "refused" : "accepted") : ""}>{value}</dd>
        </div>
      ))}
    </dl>
  )
}

const STATE_SIGNS = { passed: "✓", failed: "✗", "not reached": "·" } as const

function Everything({ detail }: { detail: Detail }) {
  const { check, explanation, headers, body, answer } = detail
  const { steps, canonicalRequest, signedCanonicalRequest, differences } = check
  const isMismatch = steps.some(({ name, state }) => name === "Signature" && state === "failed")
  return (
    <>
      {explanation !== undefined && <Why explanation={explanation} differences={differences ?? []} />}
      {canonicalRequest !== undefined && (
        <>
          <h3>Canonical request</h3>
          <CanonicalComparison
            key={detail.id}
            arrived={canonicalRequest}
            signed={signedCanonicalRequest}
            isMismatch={isMismatch}
          />
          <CopyButton name="canonical request" text={canonicalRequest} />
        </>
      )}
      <h3>Check</h3>
      <ol class="steps">
        {steps.map((step) => (
          <Step key={step.name} step={step} />
        ))}
      </ol>
      <h3>Request</h3>
      <Headers headers={headers} />
      <p>
        {body.bytes} bytes{body.sha256 === undefined ? "" : `, SHA-256 ${body.sha256}`}
      </p>
      {body.text !== undefined && <pre>{body.text}</pre>}
      {answer !== undefined && (
        <>
          <h3>Answer</h3>
          <Headers headers={answer.headers} />
          {answer.text !== undefined && <pre>{answer.text}</pre>}
        </>
      )}
    </>
  )
}

interface WhyProps {
  explanation: RequestExplanation
  differences: readonly SignedDifference[]
}

function Why({ explanation: { summary, fix, cause, confidence, evidence, locks }, differences }: WhyProps) {
  return (
    <div class="explanation">
      <h3>Why it was refused</h3>
      <p>
        {summary} <span class="tag">{cause}</span> <span class="tag">{confidence}</span>
      </p>
      <p>{fix}</p>
      {locks !== false && <p>Repeating it locks the {locks === "account" ? "user" : "access key"}.</p>}
      {differences.length > 0 && (
        <ul>
          {differences.map(({ part, words }) => (
            <li key={words}>
              <span class="tag">{part}</span> {words}
            </li>
          ))}
        </ul>
      )}
      {differences.length > 0 && <p>This was found by trial: a request signed this way has the signature that came.</p>}
      {evidence.map((sentence) => (
        <p key={sentence}>{sentence}</p>
      ))}
    </div>
  )
}

function Step({ step: { name, state, detail } }: { step: CheckStep }) {
  return (
    <li class={state.replace(" ", "-")}>
      <span aria-hidden="true">{STATE_SIGNS[state]}</span> <strong>{name}</strong> <span class="state">{state}</span>
      {detail !== "" && <p>{detail}</p>}
    </li>
  )
}

function Headers({ headers }: { headers: Readonly<Record<string, string>> }) {
  return (
    <table class="headers">
      <tbody>
        {Object.entries(headers).map(([name, value]) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td>{value}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
