/** The forms in which gateways and the servers before them print a canonical request. */
export const ANSWER_FORMS: Readonly<Record<string, (body: string) => string>> = {
  "in one line, | for a line break": (body) => body,
  "with line breaks": (body) => edited(body, (text) => text.replaceAll("|", "\n")),
  "with Windows' line breaks": (body) => edited(body, (text) => text.replaceAll("|", "\r\n")),
  "with \\n as two characters": (body) => edited(body, (text) => text.replaceAll("|", "\\n")),
  "with a blank behind the colon": (body) =>
    edited(body, (text) => text.replace("canonicalRequest:", "canonicalRequest: ")),
  "with & as JSON escapes it": (body) => body.replaceAll("&", "\\u0026"),
  "with & as HTML escapes it": (body) => body.replaceAll("&", "&amp;"),
  "with slashes escaped": (body) => body.replaceAll("/", "\\/"),
  "under the prefix APIG": (body) => body.replace("APIGW.", "APIG."),
  "for an app": (body) =>
    body.replace("APIGW.0301", "APIG.0303").replace("verify aksk signature fail", "verify signature fail"),
}

/** Edits only the canonical request in an answer. */
function edited(body: string, edit: (canonicalRequest: string) => string): string {
  const answer: { error_msg?: string } = JSON.parse(body)
  const { error_msg: message = "" } = answer
  const at = message.indexOf("canonicalRequest:")
  if (at < 0) return body
  return JSON.stringify({ ...answer, error_msg: message.slice(0, at) + edit(message.slice(at)) })
}
