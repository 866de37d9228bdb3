import { CommandError, EXIT_CODES } from "./exit-code.ts"

/** A URL that the user typed; https unless it says http. One with a name or password in it is refused, by a message that does not show it. */
export function targetUrl(text: string): string {
  if (holdsUserInfo(text)) {
    throw new CommandError(
      EXIT_CODES.usage,
      "Leave the user name and password out of the URL: countersign authenticates by AK/SK or token.",
    )
  }
  const url = /^[a-z][a-z\d+.-]*:\/\//i.test(text) ? text : `https://${text}`
  if (URL.canParse(url) && /^https?:/i.test(url)) return url
  throw new CommandError(EXIT_CODES.usage, `This is no URL of http or https: ${text}`)
}

function holdsUserInfo(text: string): boolean {
  if (/^(?:[a-z][a-z\d+.-]*:)?[\\/]*[^\\/?#]*@/i.test(text)) return true
  // A password with a slash makes a URL that cannot be read.
  if (!URL.canParse(text)) return /^[^?#]*:[^?#]*@/.test(text)
  const { username, password } = new URL(text)
  return username !== "" || password !== ""
}
