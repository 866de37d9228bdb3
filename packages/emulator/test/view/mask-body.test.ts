import { describe, expect, it } from "vitest"
import { maskBody } from "../../src/view/mask-body.ts"
import { type Answer, ask, askSigned, runningEmulator } from "../running-emulator.ts"

const NAMES = ["sk", "pwd", "pass", "adminPass", "admin_pass", "passphrase", "otp", "pin", "jwt", "sig", "sessionId"]
const MORE = ["assertion", "SAMLResponse", "bearer", "X-Api-Key", "PASSWORD", "pass%77ord", "client_secret"]

describe("a body in the records", () => {
  it.each([
    [
      '{"password":"hunter2","nested":{"adminPass":"hunter2"},"a":1}',
      '{"password":"[secret]","nested":{"adminPass":"[secret]"},"a":1}',
    ],
    ['{ "list": [{ "pin": 1234 }], "n": 1 }', '{"list":[{"pin":"[secret]"}],"n":1}'],
    ['{"credentials":{"user":"u","value":"hunter2"}}', '{"credentials":"[secret]"}'],
    ['{"a":{"sk":"hunter2"},"a":1}', '{"a":{"sk":"[secret]"},"a":1}'],
    ['{"text":"{\\"sk\\":\\"hunter2\\"}"}', '{"text":"{\\"sk\\":\\"[secret]\\"}"}'],
    ['{"auth":true,"token":null}', '{"auth":true,"token":null}'],
    ['{"sk":"hunter2"}\n{"sk": "hunter2"}\n', '{"sk":"[secret]"}\n{"sk": "[secret]"}\n'],
    ['{"sk":"hunt', '{"sk":"[secret]"'],
    ["user=u&pwd=hunter2&x=1", "user=u&pwd=[secret]&x=1"],
    ["user=u&pass%77ord=hunter2", "user=u&pass%77ord=[secret]"],
    ["A=1\nSK=hunter2\n", "A=1\nSK=[secret]\n"],
    ["<a><password>hunter2</password></a>", "<a><password>[secret]</password></a>"],
    ['<a password="hunter 2" b="1"/>', '<a password=[secret] b="1"/>'],
    [
      '--b\r\nContent-Disposition: form-data; name="pwd"\r\nContent-Type: text/plain\r\n\r\nhunter2\r\nhunter2\r\n--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--b--',
      '--b\r\nContent-Disposition: form-data; name="pwd"\r\nContent-Type: text/plain\r\n\r\n[secret]\r\n--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--b--',
    ],
  ])("has no secrets: %j", (text, masked) => {
    expect(maskBody(text)).toBe(masked)
  })

  it.each(['{ "a": 1,\n "design": "x", "mapping": "y", "task": "z", "compass": 1 }', "a=1&opinion=2", "hello", ""])(
    "is unchanged without them: %j",
    (text) => {
      expect(maskBody(text)).toBe(text)
    },
  )
})

it.each([...NAMES, ...MORE])("masks `%s` in targets, headers, bodies, the events and the archive", async (name) => {
  const { url, accounts } = await runningEmulator({ ui: true })
  const target = `${url}/v1/x?a=1&${name}=hunter2&b=2`
  const key = accounts.partner.user.credentials
  await askSigned(target, key, {
    method: "POST",
    body: { [name]: "hunter2", inner: [{ [name]: "hunter2" }] },
    headers: { referer: `http://x/?${name}=hunter2`, "content-type": "application/json" },
  })
  await askSigned(target, key, { method: "POST", body: `a=1&${name}=hunter2`, sent: `a=1&${name}=hunter2&c=3` })
  await ask(target)
  const details = await Promise.all([1, 2, 3].map((id) => ask(`${url}/-/requests/${id}`)))
  const all: Answer[] = [...details, await ask(`${url}/-/requests`), await ask(`${url}/-/requests.har`)]
  const text = JSON.stringify(all.map(({ body }) => body)) + (await firstEvent(url))
  expect(text).toContain(`a=1&${name}=[secret]`)
  expect(text).not.toContain("hunter2")
})

async function firstEvent(url: string): Promise<string> {
  const { body } = await fetch(`${url}/-/events`)
  const reader = body?.pipeThrough(new TextDecoderStream()).getReader()
  const { value = "" } = (await reader?.read()) ?? {}
  await reader?.cancel()
  return value
}

it.each(['"', '\\"', '"a":', "name=", 'name="a"', "<a ", "a=", "\r\n", "{", '{"a":'])(
  "takes little time for many %j",
  (part) => {
    const start = performance.now()
    maskBody(part.repeat((16 * 1024) / part.length))
    expect(performance.now() - start).toBeLessThan(2_000)
  },
)
