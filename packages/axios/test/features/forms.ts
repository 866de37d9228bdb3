import type { Arrival, Difference } from "@countersign/testkit"
import type { AxiosInstance } from "axios"
import NpmFormData from "form-data"
import { type AxiosFeature, failure, on, section } from "./axios-feature.ts"

const multipart = section("using-multipartform-data-format")
const serializing = section("automatic-serialization-to-formdata")
const converting = section("converting-formdata-to-json")
const files = section("posting-files")
const option = section("request-config")

/** The fields of a form as they arrive, each with its file name and its value. */
function fields({ headers, body }: Arrival): unknown[] {
  const [type, boundary = "none"] = headers["content-type"]?.split("; boundary=") ?? []
  const parts = body.toString("latin1").split(`--${boundary}`).slice(1, -1)
  return [
    type,
    ...parts.map((part) => {
      const [, name, file] = /name="([^"]*)"(?:; filename="([^"]*)")?/.exec(part) ?? []
      return `${name}${file === undefined ? "" : ` (${file})`}: ${part.split("\r\n\r\n")[1]?.trim()}`
    }),
  ]
}

/** A form of the platform, which each adapter of axios sends in its own way. */
const platform: Differences = {
  http: {
    because: "A form that is signed is written by the platform, whose boundary has another length.",
    onTheWire: true,
  },
  fetch: {
    because: "axios' fetch adapter gives the form another type, under which it cannot be read.",
    onTheWire: true,
  },
}
/** A form of npm's form-data, which axios itself uses in Node. */
const npm: Differences = {
  fetch: { because: "axios' fetch adapter sends the words [object FormData] in its place.", onTheWire: true },
}

/** A form of the platform, chosen by its class. */
const ownClass: Differences = {
  http: platform.http,
  fetch: {
    because: "axios' oldest fetch adapter names no boundary, so that the form cannot be read.",
    onTheWire: true,
    releases: on.oldest,
  },
}

interface Differences {
  http?: Difference | undefined
  fetch?: Difference | undefined
}

/** A feature of each adapter that sends these forms. */
function form(
  documented: ReturnType<typeof section>,
  name: string,
  send: (api: AxiosInstance) => Promise<unknown>,
  expected: string[][],
  { http, fetch }: Differences = {},
): AxiosFeature[] {
  const run: AxiosFeature["run"] = async (api, { server: { arrivals } }) => {
    await send(api)
    return arrivals.map(fields)
  }
  const gives = expected.map((form) => ["multipart/form-data", ...form])
  return [
    documented(`${name}, by the http adapter`, run, {
      releases: on.http,
      gives,
      ...(http === undefined ? {} : { differs: http }),
    }),
    documented(`${name}, by the fetch adapter`, run, {
      releases: on.fetch,
      ...(fetch === undefined ? { gives } : { differs: { ...fetch, gives } }),
    }),
  ]
}

function toNativeFormData(): FormData {
  const form = new FormData()
  form.append("name", "a b")
  form.append("file", new File(["content"], "file.bin", { type: "application/x-own" }))
  return form
}

function npmForm(): NpmFormData {
  const form = new NpmFormData()
  form.append("name", "a b")
  form.append("file", Buffer.from("content"), "file.bin")
  return form
}

export const forms = [
  form(
    multipart,
    "a FormData of the platform",
    (api) => api.post("/x", toNativeFormData()),
    [["name: a b", "file (file.bin): content"]],
    platform,
  ),
  form(
    multipart,
    "a FormData of npm",
    (api) => api.post("/x", npmForm()),
    [["name: a b", "file (file.bin): content"]],
    npm,
  ),
  form(
    serializing,
    "an object under multipart/form-data, with its special endings",
    (api) => {
      const headers = { "Content-Type": "multipart/form-data" }
      const users = [{ name: "Peter" }]
      return api.post("/x", { x: 1, arr: [1, [2]], users, "obj{}": [{ x: 1 }], "list[]": [1, 2] }, { headers })
    },
    [["x: 1", "arr[0]: 1", "arr[1][0]: 2", "users[0][name]: Peter", 'obj{}: [{"x":1}]', "list[]: 1", "list[]: 2"]],
    npm,
  ),
  form(
    serializing,
    "postForm, putForm and patchForm",
    async (api) => {
      await api.postForm("/x", { a: 1, b: ["c", "d"] })
      await api.putForm("/x", { a: 1 })
      await api.patchForm("/x", npmForm())
    },
    [["a: 1", "b[]: c", "b[]: d"], ["a: 1"], ["name: a b", "file (file.bin): content"]],
    npm,
  ),
  form(
    serializing,
    "formSerializer with dots, indexes, metaTokens and a visitor",
    async (api) => {
      const data = { a: { b: [1, 2] }, "c{}": { d: 1 }, e: "upper" }
      await api.postForm("/x", data, { formSerializer: { dots: true, indexes: null, metaTokens: false } })
      await api.postForm("/x", data, { formSerializer: { indexes: true } })
      await api.postForm("/x", data, {
        formSerializer: {
          visitor(value, key, path, helpers) {
            if (key !== "e") return helpers.defaultVisitor.call(this, value, key, path, helpers)
            this.append(key, String(value).toUpperCase())
            return false
          },
        },
      })
    },
    [
      ["a.b.0: 1", "a.b.1: 2", 'c: {"d":1}', "e: upper"],
      ["a[b][0]: 1", "a[b][1]: 2", 'c{}: {"d":1}', "e: upper"],
      ["a[b][0]: 1", "a[b][1]: 2", 'c{}: {"d":1}', "e: UPPER"],
    ],
    npm,
  ),
  form(
    serializing,
    "env.FormData",
    async (api) => {
      class Own extends FormData {
        constructor() {
          super()
          this.append("own", "1")
        }
      }
      await api.postForm("/x", { a: 1 }, { env: { FormData: Own } })
    },
    [["own: 1", "a: 1"]],
    ownClass,
  ),
  form(
    files,
    "files, alone and among fields",
    async (api) => {
      const file = (): File => new File(["png"], "a.png", { type: "image/png" })
      await api.postForm("/x", { myVar: "foo", file: file() }, { env: { FormData } })
      await api.postForm("/x", { "files[]": [file(), file()] }, { env: { FormData } })
    },
    [
      ["myVar: foo", "file (a.png): png"],
      ["files[] (a.png): png", "files[] (a.png): png"],
    ],
    ownClass,
  ),
  serializing(
    "formSerializer.maxDepth refuses what is deeper",
    async (api) => {
      const { name, code } = await failure(
        api.postForm("/x", { a: { b: { c: 1 } } }, { formSerializer: { maxDepth: 1 } }),
      )
      return [name, code]
    },
    { releases: on.newest, gives: ["AxiosError", "ERR_FORM_DATA_DEPTH_EXCEEDED"] },
  ),
  option(
    "formDataHeaderPolicy says which headers of the form are sent",
    async (api, { server: { arrivals } }) => {
      for (const formDataHeaderPolicy of ["legacy", "content-only"] as const) {
        const form = npmForm()
        const headers = form.getHeaders()
        form.getHeaders = () => ({ ...headers, "x-form": "1" })
        await api.post("/x", form, { formDataHeaderPolicy })
      }
      return arrivals.map(({ headers }) => headers["x-form"])
    },
    { releases: on.newestHttp, gives: ["1", undefined] },
  ),
  converting(
    "a FormData under application/json is sent as JSON",
    async (api, { server: { arrivals } }) => {
      const form = new FormData()
      form.append("user.name", "john")
      for (const value of ["1", "2"]) form.append("list[]", value)
      await api.post("/x", form, { headers: { "Content-Type": "application/json" } })
      return arrivals.map(({ headers, body }) => [headers["content-type"], `${body}`])
    },
    { gives: [["application/json", '{"user":{"name":"john"},"list":["1","2"]}']] },
  ),
].flat()
