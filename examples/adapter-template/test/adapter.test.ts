import { type AdapterUnderTest, describeAdapter } from "@countersign/testkit"
import superagent, { type Request, type Response, type ResponseError } from "superagent"
import { countersign, withAuth } from "../src/index.ts"

const adapter: AdapterUnderTest = {
  connect({ baseUrl, auth, options }) {
    const bare = superagent.agent()
    // superagent has no base URL, so the test names the hosts.
    const api = auth === undefined ? bare : withAuth(bare, auth, { hosts: [new URL(baseUrl).host], ...options })
    return async (given) => {
      const { method = "GET", path = "", headers = {}, body, as = "none", signal, retries = 0 } = given
      const request = superagentRequest(api, method)(`${baseUrl}${path}`).set(headers)
      if ("auth" in given) request.use(countersign(given.auth as false))
      if (retries > 0) request.retry(retries)
      signal?.addEventListener("abort", () => void request.abort())
      if (as === "json") request.send(body as object)
      else if (as === "body") await sendAs(request, body)
      try {
        const response = await request
        return shown(response as Response, response)
      } catch (error) {
        const { response } = error as ResponseError
        if (response === undefined) throw error
        return shown(response, error)
      }
    }
  },
  takesNoStreams: true,
}

function shown({ status, text }: Response, raw: unknown) {
  return { status, text, raw }
}

type Methods = "get" | "post" | "put" | "patch" | "delete" | "head"

function superagentRequest(api: InstanceType<typeof superagent.agent>, method: string): (url: string) => Request {
  return (url) => api[method.toLowerCase() as Methods](url)
}

/** Converts bodies that superagent does not accept, as its users would. */
async function sendAs(request: Request, body: unknown): Promise<void> {
  if (typeof body === "string") request.type(request.get("content-type") ?? "text/plain").send(body)
  else if (body instanceof URLSearchParams) request.type("form").send(String(body))
  else if (body instanceof FormData) {
    for (const [name, value] of body) {
      if (typeof value === "string") request.field(name, value)
      else
        request.attach(name, Buffer.from(await value.arrayBuffer()), { filename: value.name, contentType: value.type })
    }
  } else if (body instanceof Blob) request.type(body.type).send(Buffer.from(await body.arrayBuffer()))
  else request.send(Buffer.from(await new globalThis.Response(body as BodyInit).arrayBuffer()))
}

describeAdapter("superagent 10", adapter)
