import { useState } from "preact/hooks"
import { type CanonicalParts, parseCanonical } from "../src/view/canonical-parts.ts"
import { splitAtDifference } from "./split-at-difference.ts"

interface CanonicalComparisonProps {
  /** The canonical request of the one that arrived. */
  arrived: string
  /** The one that the client signed, if it was found. */
  signed: string | undefined
  /** Whether the signature was refused. */
  isMismatch: boolean
}

/** The two canonical requests side by side, part by part. */
export function CanonicalComparison({ arrived, signed, isMismatch }: CanonicalComparisonProps) {
  const [pasted, setPasted] = useState("")
  const other = signed ?? pasted.trim()
  if (!isMismatch) return <Comparison rows={rowsOf(undefined, parseCanonical(arrived))} hasSigned={false} />
  return (
    <>
      <Comparison
        rows={rowsOf(other === "" ? undefined : parseCanonical(other), parseCanonical(arrived))}
        hasSigned={other !== ""}
      />
      {signed === undefined && (
        <label class="stacked">
          None of the usual changes explains the signature. Paste what canonicalRequest() gives on the client to
          compare:
          <textarea rows={6} value={pasted} onInput={({ currentTarget }) => setPasted(currentTarget.value)} />
        </label>
      )}
    </>
  )
}

interface ComparedRow {
  name: string
  signed: string | undefined
  arrived: string | undefined
}

function Comparison({ rows, hasSigned }: { rows: readonly ComparedRow[]; hasSigned: boolean }) {
  return (
    <table class="comparison">
      <thead>
        <tr>
          <th scope="col">Part</th>
          {hasSigned && <th scope="col">Signed by the client</th>}
          <th scope="col">Arrived at the gateway</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ name, signed, arrived }) => {
          const differs = hasSigned && signed !== arrived
          return (
            <tr key={name} class={differs ? "differs" : ""}>
              <th scope="row">
                {name}
                {differs && <span class="tag">differs</span>}
              </th>
              {hasSigned && <td>{marked(signed, differs ? arrived : signed)}</td>}
              <td>{marked(arrived, differs ? signed : arrived)}</td>
            </tr>
          )
        })}
      </tbody>
    </table>
  )
}

/** A text whose difference from another one is marked. */
function marked(text: string | undefined, other: string | undefined) {
  if (text === undefined) return <em>absent</em>
  if (text === "" && other !== "") return <mark>(empty)</mark>
  if (text === other || other === undefined) return text
  const [before, differing, after] = splitAtDifference(text, other)
  return (
    <>
      {before}
      <mark>{differing}</mark>
      {after}
    </>
  )
}

function rowsOf(signed: CanonicalParts | undefined, arrived: CanonicalParts): ComparedRow[] {
  const row = (name: string, read: (parts: CanonicalParts) => string | undefined): ComparedRow => ({
    name,
    signed: signed === undefined ? undefined : read(signed),
    arrived: read(arrived),
  })
  const names = [...new Set([...(signed?.headers ?? []), ...arrived.headers].map(([name]) => name))]
  return [
    row("Method", ({ method }) => method),
    row("Path", ({ uri }) => uri),
    row("Query", ({ query }) => query),
    ...names.map((header) => row(`Header ${header}`, ({ headers }) => headers.find(([name]) => name === header)?.[1])),
    row("Signed headers", ({ signedHeaders }) => signedHeaders),
    row("Body hash", ({ payloadHash }) => payloadHash),
  ]
}
