import { once } from "node:events"
import type { AddressInfo } from "node:net"
import { createServer } from "node:net"
import { type Answer, fakeClock } from "@countersign/testkit"
import { describe, expect, it, onTestFinished } from "vitest"
import { AuthError } from "../../src/errors/auth-error.ts"
import type { IamRequest } from "../../src/iam/exchange.ts"
import { exchange } from "../../src/iam/exchange.ts"
import type { IamConnection } from "../../src/iam/iam-connection.ts"
import { iamError, keystoneError, localIam, rejectionOf } from "./local-iam.ts"

const secret = "pass-word-pass-word"
const request: IamRequest = {
  method: "POST",
  path: "/v3/auth/tokens",
  body: { password: secret },
  secrets: [secret],
  action: "Asking for a test",
}

function connectionTo(endpoint: string, options: Partial<IamConnection> = {}): IamConnection {
  return { endpoint, fetch: undefined, timeoutMs: 5_000, clock: fakeClock(), ...options }
}

const rejected = async (answer: Answer): Promise<ReturnType<typeof rejectionOf>> => {
  const iam = await localIam(answer)
  return rejectionOf(exchange(connectionTo(iam.url), request, undefined), secret)
}

it("passes on what the connection's own fetch refuses", async () => {
  const refusal = new AuthError("AUTH_INVALID_OPTION", "HTTPS_PROXY is no URL.")
  const connection = connectionTo("https://iam.example.com", { fetch: () => Promise.reject(refusal) })
  await expect(exchange(connection, request, undefined)).rejects.toBe(refusal)
})

describe("an answer without success", () => {
  it.each<[string, Answer, object]>([
    [
      "IAM's newer shape",
      iamError(401, "IAM.0062", "Incorrect password", { "x-request-id": "r-1" }),
      { errorCode: "IAM.0062", errorMessage: "Incorrect password", requestId: "r-1" },
    ],
    [
      "Keystone's shape",
      keystoneError(403, "You are not authorized to perform the requested action.", "Forbidden"),
      { errorCode: "403", errorMessage: "You are not authorized to perform the requested action." },
    ],
    [
      "the gateway's shape",
      {
        status: 401,
        body: JSON.stringify({ error_code: "APIGW.0301", error_msg: "decrypt token fail", request_id: "r-2" }),
      },
      { errorCode: "APIGW.0301", errorMessage: "decrypt token fail", requestId: "r-2" },
    ],
    ["plain text", { status: 502, body: "no backend" }, { errorMessage: "no backend" }],
    ["a trace id", { status: 500, headers: { "x-iam-trace-id": "t-1" }, body: "" }, { requestId: "t-1" }],
  ])("is read in %s", async (_name, answer, expected) => {
    expect(await rejected(answer)).toMatchObject({ status: answer.status, ...expected })
  })

  it("shows no page of a proxy", async () => {
    const error = await rejected({ status: 502, body: "<!DOCTYPE html><html>Bad Gateway</html>" })
    expect(error.errorMessage).toBeUndefined()
    expect(error.message).not.toContain("html")
  })

  it.each<[string, Answer, string]>([
    ["400", iamError(400, "IAM.0011", "Invalid"), "AUTH_INVALID_OPTION"],
    ["401", iamError(401, "IAM.0001", "requires authentication"), "AUTH_CREDENTIALS_REJECTED"],
    ["403", iamError(403, "IAM.0081", "console only"), "AUTH_CREDENTIALS_REJECTED"],
    ["404 of IAM", iamError(404, "IAM.0004", "Could not find agency: x"), "AUTH_CREDENTIALS_REJECTED"],
    ["404 of Keystone", keystoneError(404, "Could not find project: x", "Not Found"), "AUTH_CREDENTIALS_REJECTED"],
    ["404 of the gateway", iamError(404, "APIGW.0101", "The API does not exist"), "AUTH_TOKEN_RESPONSE_INVALID"],
    ["404 of any server", { status: 404, body: "not found" }, "AUTH_TOKEN_RESPONSE_INVALID"],
    ["405", { status: 405, body: "" }, "AUTH_TOKEN_RESPONSE_INVALID"],
    ["409", iamError(409, "IAM.0005", "conflict"), "AUTH_TOKEN_REQUEST_FAILED"],
    ["429", iamError(429, "", "slow down"), "AUTH_THROTTLED"],
    ["the gateway's throttling", iamError(403, "APIGW.0308", "threshold"), "AUTH_THROTTLED"],
    ["500", { status: 500, body: "" }, "AUTH_TOKEN_REQUEST_FAILED"],
    ["503", { status: 503, body: "" }, "AUTH_TOKEN_REQUEST_FAILED"],
    ["503 with a time to wait", { status: 503, headers: { "retry-after": "3" }, body: "" }, "AUTH_THROTTLED"],
  ])("%s", async (_name, answer, code) => {
    const error = await rejected(answer)
    expect(error).toMatchObject({ code, status: answer.status })
    expect(error.message).toMatch(/^Asking for a test failed: http:\/\/127\.0\.0\.1:\d+ answered HTTP \d+/)
  })

  it("gives the time to wait: from seconds, from a date by the server's clock, or 15 minutes for a locked account", async () => {
    expect(await rejected(iamError(429, "", "x", { "retry-after": "7" }))).toMatchObject({ retryAfterMs: 7_000 })
    const dates = { date: "Mon, 01 Jan 2024 00:00:00 GMT", "retry-after": "Mon, 01 Jan 2024 00:00:42 GMT" }
    expect(await rejected(iamError(503, "", "x", dates))).toMatchObject({ retryAfterMs: 42_000 })
    expect(await rejected(iamError(401, "IAM.0061", "Account locked"))).toMatchObject({ retryAfterMs: 900_000 })
    expect((await rejected(iamError(429, "", "x"))).retryAfterMs).toBeUndefined()
  })

  it.each([301, 302, 307, 308])("that is a redirect (%d) is not followed", async (status) => {
    const elsewhere = await localIam({ status: 201 })
    const error = await rejected({ status, headers: { location: `${elsewhere.url}/v3/auth/tokens` }, body: "" })
    expect(error).toMatchObject({ code: "AUTH_TOKEN_RESPONSE_INVALID", status })
    expect(elsewhere.arrivals).toHaveLength(0)
  })
})

describe("no answer", () => {
  it("because nothing listens", async () => {
    const server = createServer().listen(0, "127.0.0.1")
    await once(server, "listening")
    const { port } = server.address() as AddressInfo
    server.close()
    const error = await rejectionOf(exchange(connectionTo(`http://127.0.0.1:${port}`), request, undefined), secret)
    expect(error).toMatchObject({ code: "AUTH_TOKEN_REQUEST_FAILED", cause: { code: "ECONNREFUSED" } })
    expect(error.message).toContain(`http://127.0.0.1:${port}`)
    expect(error.message).toContain("ECONNREFUSED")
  })

  it("because the connection breaks", async () => {
    const server = createServer((socket) => socket.once("data", () => socket.destroy())).listen(0, "127.0.0.1")
    onTestFinished(() => void server.close())
    await once(server, "listening")
    const { port } = server.address() as AddressInfo
    const asked = exchange(connectionTo(`http://127.0.0.1:${port}`), request, undefined)
    expect(await rejectionOf(asked, secret)).toMatchObject({ code: "AUTH_TOKEN_REQUEST_FAILED" })
  })

  it("within the time limit, for head or body", async () => {
    const silent = createServer((socket) => socket.resume()).listen(0, "127.0.0.1")
    const halting = createServer((socket) => {
      socket.once("data", () => socket.write("HTTP/1.1 201 Created\r\ncontent-length: 100\r\n\r\n{"))
    }).listen(0, "127.0.0.1")
    for (const server of [silent, halting]) {
      onTestFinished(() => void server.close())
      server.on("connection", (socket) => onTestFinished(() => void socket.destroy()))
      if (!server.listening) await once(server, "listening")
      const { port } = server.address() as AddressInfo
      const connection = connectionTo(`http://127.0.0.1:${port}`, { timeoutMs: 60 })
      const error = await rejectionOf(exchange(connection, request, undefined), secret)
      expect(error.code).toBe("AUTH_TOKEN_REQUEST_FAILED")
      expect(error.message).toContain("within 60 ms")
    }
  })

  it("without an end, however fast it comes", async () => {
    const endless = createServer((socket) => {
      const more = (): void => {
        while (socket.write("x".repeat(65_536)));
      }
      socket.on("error", () => undefined).on("drain", more)
      socket.once("data", () => {
        socket.write("HTTP/1.1 201 Created\r\n\r\n")
        more()
      })
    }).listen(0, "127.0.0.1")
    onTestFinished(() => void endless.close())
    await once(endless, "listening")
    const { port } = endless.address() as AddressInfo
    const error = await rejectionOf(exchange(connectionTo(`http://127.0.0.1:${port}`), request, undefined), secret)
    expect(error.code).toBe("AUTH_TOKEN_REQUEST_FAILED")
    expect(error.message).toContain("longer than 8388608 characters")
  })

  it("from a caller's fetch that never settles and ignores its signal", async () => {
    const connection = connectionTo("https://iam.example.com", {
      timeoutMs: 20,
      fetch: () => new Promise(() => undefined),
    })
    expect((await rejectionOf(exchange(connection, request, undefined))).message).toContain("within 20 ms")
  })

  it("from a caller's fetch whose error holds the request: only its message is kept, without secrets", async () => {
    const fetch = (_url: unknown, init?: RequestInit): Promise<Response> =>
      Promise.reject(Object.assign(new Error(`proxy refused ${init?.body}`), { config: { data: init?.body } }))
    const error = await rejectionOf(
      exchange(connectionTo("https://iam.example.com", { fetch }), request, undefined),
      secret,
    )
    expect(error.message).toContain('proxy refused {"password":"[secret]"}')
  })

  it("after the caller aborted, before or during the call: the caller's reason is thrown", async () => {
    const iam = await localIam(() => new Promise<Answer>(() => undefined))
    const caller = new AbortController()
    const asked = exchange(connectionTo(iam.url), request, caller.signal)
    const reason = new Error("the user closed the page")
    setTimeout(() => caller.abort(reason), 20)
    await expect(asked).rejects.toBe(reason)
    await expect(exchange(connectionTo(iam.url), request, caller.signal)).rejects.toBe(reason)
    expect(iam.arrivals).toHaveLength(1)
  })
})
