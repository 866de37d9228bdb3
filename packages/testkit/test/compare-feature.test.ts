import { describe, expect, it } from "vitest"
import { compareFeature } from "../src/compare-feature.ts"
import type { Feature, FeatureRelease } from "../src/feature.ts"

type Client = (path?: string, init?: RequestInit) => Promise<Response>

let number = 0

/** A client that authenticates each request and makes the given mistakes. */
function release(
  spoil: (response: Response, init: RequestInit) => Response = (response) => response,
): FeatureRelease<Client> {
  return {
    name: "client 1.0",
    version: "1.0.0",
    connect:
      ({ server, auth }) =>
      async (path = "", init = {}) => {
        number += 1
        const response = await fetch(server.url + path, {
          ...init,
          headers: { ...init.headers, ...(auth === undefined ? {} : { "x-auth-token": `secret-${number}` }) },
        })
        return auth === undefined ? response : spoil(response, init)
      },
  }
}

function feature(given: Partial<Feature<Client>> = {}): Feature<Client> {
  return {
    name: "gives the status and the URL",
    documentation: "https://example.com/client#status",
    answer: () => ({ status: 202 }),
    run: async (client) => {
      const { status, url } = await client("/a", { method: "POST", body: "text" })
      return { status, url }
    },
    gives: { status: 202, url: "http://server-1/a" },
    ...given,
  }
}

describe("compareFeature", () => {
  it("accepts requests that differ only in the authentication", async () => {
    await compareFeature(feature(), release())
  })

  it("gives a feature with a time limit more time if the machine was too slow", async () => {
    const limits: number[] = []
    const slow = feature({
      run: async (client, { limitMs }) => {
        limits.push(limitMs)
        const { status } = await client("/a")
        return limitMs < 1_000 ? { status: `too slow in run ${limits.length}` } : { status }
      },
      gives: { status: 202 },
    })
    await compareFeature(slow, release())
    expect([...new Set(limits)]).toEqual([150, 1_000])
  })

  it("does not use a feature without a time limit again", async () => {
    let runs = 0
    const failing = feature({
      run: async () => {
        runs += 1
        return runs
      },
    })
    await expect(compareFeature(failing, release())).rejects.toThrow("without auth")
    expect(runs).toBe(3)
  })

  it("reports another result with auth", async () => {
    const spoilt = release(() => new Response(null, { status: 200 }))
    await expect(compareFeature(feature(), spoilt)).rejects.toThrow("an auth that leaves bodies unread")
  })

  it("reports a feature that does not do what it claims", async () => {
    await expect(compareFeature(feature({ gives: { status: 200 } }), release())).rejects.toThrow("without auth")
    await expect(compareFeature(feature({ run: async () => undefined }), release())).rejects.toThrow("to compare")
  })

  it("reports a header that auth adds beyond its own", async () => {
    const connect: FeatureRelease<Client>["connect"] = (setup) => {
      const headers = setup.auth === undefined ? {} : { "x-more": "1" }
      return (path, init) => (release().connect(setup) as Client)(path, { ...init, headers })
    }
    await expect(compareFeature(feature(), { ...release(), connect })).rejects.toThrow("on the wire")
  })

  it("reports a request without authentication, and one with it at a host that must see none", async () => {
    const bare: FeatureRelease<Client>["connect"] = (setup) => release().connect({ ...setup, auth: undefined })
    await expect(compareFeature(feature(), { ...release(), connect: bare })).rejects.toThrow("without authentication")
    const run: Feature<Client>["run"] = async (client, { server, listen }) => {
      const other = await listen((_request, response) => response.end())
      server.url = other.replace("127.0.0.1", "localhost")
      return (await client()).status
    }
    await expect(compareFeature(feature({ run, gives: 200 }), release())).rejects.toThrow("other hosts")
  })

  it("accepts a stated difference, which must occur", async () => {
    const differs = { because: "It is meant so.", gives: { status: 200, url: "" } }
    await compareFeature(
      feature({ differs }),
      release(() => new Response(null, { status: 200 })),
    )
    await expect(compareFeature(feature({ differs }), release())).rejects.toThrow("an auth that leaves")
    const same = { because: "It is meant so.", onTheWire: true }
    await expect(compareFeature(feature({ differs: same }), release())).rejects.toThrow("difference shows")
    const elsewhere = { ...same, releases: ["client 2.0"] }
    await compareFeature(feature({ differs: elsewhere }), release())
  })

  it("accepts a difference that occurs only if bodies are read", async () => {
    const connect: FeatureRelease<Client>["connect"] = (setup) => {
      const reads = setup.auth?.bodyLimit({}) !== undefined
      return release(reads ? () => new Response(null, { status: 200 }) : undefined).connect(setup)
    }
    const reading = { ...release(), connect }
    const differs = { because: "It is meant so.", gives: { status: 200, url: "" }, onlyWhereRead: true }
    await compareFeature(feature({ differs }), reading)
    await expect(compareFeature(feature(), reading)).rejects.toThrow("an auth that reads bodies")
    await expect(compareFeature(feature({ differs }), release())).rejects.toThrow("an auth that reads bodies")
  })
})
