import { akskAuth, createFetch, staticCredentials, withAuth } from "@countersign/fetch"

export async function works(echo: string): Promise<boolean> {
  const auth = akskAuth(staticCredentials({ accessKeyId: "sample-ak", secretAccessKey: "sample-sk" }))
  const authFetch = createFetch(auth, { hosts: ["127.0.0.1"], fetch: (input, init) => fetch(input, init) })
  const bare = await authFetch(echo, { auth: false, method: "POST", body: "x" })
  // It can be passed as any fetch.
  const anyFetch: typeof fetch = withAuth(fetch, auth, { hosts: ["127.0.0.1"] })
  const response = await anyFetch(new Request(echo))
  const authorization = await response.text()
  return (await bare.text()) === "" && authorization.startsWith("SDK-HMAC-SHA256 ")
}

/** Compiled only, not run. */
export function refused(authFetch: ReturnType<typeof createFetch>): void {
  // @ts-expect-error: no URL
  void authFetch(12345)
  // @ts-expect-error: no auth
  void authFetch("https://api.example.com", { auth: "token" })
}
