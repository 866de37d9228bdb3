import { hashHex } from "#digest"
import type { CanonicalForm } from "./header-plan.ts"
import { canonicalUriLine, compared, type Pair, queryPairs } from "./url-parts.ts"

/**
 * The canonical request of the older, scoped form. It keeps only the first value of a repeated query parameter and sorts
 * names without regard to case. Runs of white space in header values become one blank. A POST without a body has the query
 * as its payload, and no query line.
 *
 * @see gophertelekomcloud, the Go SDK of Open Telekom Cloud
 */
export const scopedForm: CanonicalForm = (methodLine, { path, query }, signed, endOf) => {
  const pairs = queryPairs(query)
  const isQueryPayload = methodLine === "POST\n" && signed.payload === hashHex("sha256", "")
  const { text, signedHeaders } = endOf({
    values: signed.values.map((value) => value?.replaceAll(/\s+/g, " ")),
    payload: isQueryPayload ? hashHex("sha256", asForm(pairs)) : signed.payload,
  })
  return {
    text: methodLine + canonicalUriLine(path) + (isQueryPayload ? "" : firstOfEach(pairs)) + text,
    signedHeaders,
  }
}

function firstOfEach(pairs: readonly Pair[]): string {
  const firsts = new Map<string, Pair>()
  for (const pair of pairs) if (!firsts.has(pair.name)) firsts.set(pair.name, pair)
  return [...firsts.values()]
    .sort((a, b) => compared(inLowerCase(a), inLowerCase(b)) || compared(a.name, b.name))
    .map(({ text }) => text)
    .join("&")
}

/** Only ASCII has cases here: the others are bytes of longer characters. */
function inLowerCase({ name }: Pair): string {
  return name.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase())
}

/** As `url.Values.Encode` of Go writes a query: sorted by name, a blank as `+`. */
function asForm(pairs: readonly Pair[]): string {
  return [...pairs]
    .sort((a, b) => compared(a.name, b.name))
    .map(({ text }) => text.replaceAll("%20", "+"))
    .join("&")
}
