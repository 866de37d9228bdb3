import { describe, expect, it } from "vitest"
import { parseRequest } from "../src/parse-report.ts"

const url = "https://ecs.myhuaweicloud.com/v1/x?a=1"
const form = { "content-type": "application/x-www-form-urlencoded" }

describe("a curl command as a request", () => {
  it.each([
    [`curl '${url}'`, { method: "GET", url, headers: {}, body: null }],
    [`$ curl -sSI ${url}`, { method: "HEAD", url, headers: {}, body: null }],
    [
      `curl ecs.myhuaweicloud.com/v1 -XDELETE --max-time 5`,
      { method: "DELETE", url: "http://ecs.myhuaweicloud.com/v1", headers: {}, body: null },
    ],
    [`curl ${url} -d a=1 --data "b=\\"2\\""`, { method: "POST", url, headers: form, body: `a=1&b="2"` }],
    [`curl -G ${url} -d b=2`, { method: "GET", url: `${url}&b=2`, headers: {}, body: null }],
    [
      `curl --json '{"a":"it'\\''s"}' --url ${url} -H 'X-Tag: x' -H 'X-None;' -H 'Accept:' -A me`,
      {
        method: "POST",
        url,
        headers: { "content-type": "application/json", "x-tag": "x", "x-none": "", "user-agent": "me" },
        body: `{"a":"it's"}`,
      },
    ],
    [
      `curl -x http://proxy:3128 ${url} \\\n  -X 'PUT' \\\n  -H 'content-type: text/plain' \\\n  --data-raw $'@it\\'s\\u0021\\nend' --compressed`,
      { method: "PUT", url, headers: { "content-type": "text/plain" }, body: "@it's!\nend" },
    ],
  ])("reads %s", (command, request) => {
    expect(parseRequest(command)).toEqual(request)
  })

  it.each([`curl ${url} -d @body.json`, `curl ${url} -F a=1`, `curl ${url} --data-urlencode 'a=b c'`])(
    "leaves out a body that it does not show: %s",
    (command) => {
      expect(parseRequest(command)).toMatchObject({ method: "POST", url })
      expect(parseRequest(command)).not.toHaveProperty("body")
    },
  )

  it("does not take other texts for one", () => {
    expect(parseRequest("curl")).toBeUndefined()
    expect(parseRequest(`wget ${url}`)).toBeUndefined()
  })
})
