import { AuthError } from "../errors/auth-error.ts"

/** @param cure what to do, where it is not the usual. */
export function clearProxyError({ protocol, origin }: URL, cure?: string): AuthError {
  const usual =
    protocol === "https:"
      ? "use an agent that makes a tunnel"
      : "use https, list the host in NO_PROXY, or set `allowInsecure`"
  return new AuthError(
    "AUTH_INSECURE_URL",
    `A proxy would read the credentials of the request to ${origin}: ${cure ?? usual}.`,
  )
}
