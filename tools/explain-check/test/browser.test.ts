import { join } from "node:path"
import { createContext, runInContext } from "node:vm"
import { rolldown } from "rolldown"
import { expect, it } from "vitest"

const core = join(import.meta.dirname, "../../../packages/auth-core/src")

it("the module runs without Node", async () => {
  await using bundle = await rolldown({
    input: join(core, "explain.ts"),
    platform: "browser",
    resolve: { alias: { "#digest": join(core, "digest/portable.ts") } },
  })
  const { output } = await bundle.generate({ format: "iife", name: "explained" })
  const [{ code, imports }] = output
  expect(imports).toEqual([])
  // A page has more globals than these.
  const page = createContext({ URL, TextEncoder, TextDecoder, Headers, Response, btoa })
  const refusal = {
    status: 401,
    body: JSON.stringify({
      error_code: "APIGW.0301",
      error_msg: `verify aksk signature fail, canonicalRequest:POST|/v1/x/||host:x.example.com|x-sdk-date:20261129T100000Z||host;x-sdk-date|${"0".repeat(64)}`,
    }),
  }
  const request = {
    method: "POST",
    url: "https://x.example.com/v1/x",
    headers: { "x-sdk-date": "20261129T100000Z" },
    body: '{"a":1}',
  }
  const call = `${code}; String(explained.explain(${JSON.stringify(refusal)}, { request: ${JSON.stringify(request)} }))`
  expect(runInContext(call, page)).toContain("(body-changed, certain)")
})
