import { type AdapterUnderTest, type BodySample, describeAdapter, namedAuth } from "@countersign/testkit"
import { describeMocks, mockedByMockAgent, mockedByMsw, mockedByNock } from "@countersign/testkit/mocks"
import axios, { type AxiosError } from "axios"
import axiosRetry from "axios-retry"
import FormData from "form-data"
import { withAuth } from "../src/index.ts"
import { adapters, version } from "./axios-version.ts"

const npmFormData: BodySample = {
  make() {
    const form = new FormData()
    form.append("name", "Jörg")
    form.append("file", Buffer.from([0, 1, 254, 255]), { filename: "bytes.bin" })
    return form
  },
  as: "body",
  contains: Buffer.from([0, 1, 254, 255]),
  contentType: /^multipart\/form-data; ?boundary=/,
}

function adapter(kind: "http" | "fetch"): AdapterUnderTest {
  return {
    bodies: { "npm form-data": npmFormData },
    // axios would send a generator as an empty JSON object; its http adapter refuses web streams.
    adds: ["async generator", "web ReadableStream"],
    connect({ baseUrl, auth, options }) {
      return async (request) => {
        const { method = "GET", path = "", headers = {}, body, as = "none", signal, retries = 0 } = request
        const api = axios.create({
          baseURL: baseUrl,
          adapter: kind,
          responseType: "text",
          transformResponse: (data) => data,
        })
        axiosRetry(api, { retries, retryDelay: () => 1, retryCondition: ({ response }) => response?.status === 503 })
        if (auth !== undefined) withAuth(api, auth, options)
        try {
          const response = await api.request({
            method,
            url: path,
            headers,
            ...(as === "none" ? {} : { data: body }),
            ...namedAuth("countersign", request),
            ...(signal === undefined ? {} : { signal }),
          })
          return { status: response.status, text: response.data, raw: response }
        } catch (error) {
          const { response } = error as AxiosError<string>
          if (response === undefined) throw error
          return { status: response.status, text: response.data, raw: error }
        }
      }
    },
  }
}

for (const kind of adapters) {
  const libraries = kind === "fetch" ? [mockedByMockAgent, mockedByNock, mockedByMsw] : [mockedByNock, mockedByMsw]
  describeAdapter(`axios ${version}, ${kind}`, adapter(kind))
  describeMocks(`axios ${version}, ${kind}`, adapter(kind), libraries)
}
