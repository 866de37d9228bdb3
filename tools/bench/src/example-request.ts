export const credentials = {
  accessKeyId: "QTWAOYTTINDUT2QVKYUC",
  secretAccessKey: "MFyfvK41ba2giqM7Uio6PznpdUKGpownRZlmVmHc",
}

const origin = "https://service.region.example.com"
const path = "/v1/77b6a44cba5143ab91d13ab9a8ff44fd/vpcs"
const query = { limit: "2", marker: "13551d6b-755d-4757-b956-536f674975c0" }
const headers = {
  accept: "application/json",
  "user-agent": "bench/1.0",
  "x-project-id": "77b6a44cba5143ab91d13ab9a8ff44fd",
}

export const parts = { origin, path, query, headers }

/** Two query pairs, three headers. */
export const get = { method: "GET", url: `${origin}${path}?${new URLSearchParams(query)}`, headers }

/** 770 bytes of JSON. */
export const json = JSON.stringify({
  vpcs: Array.from({ length: 13 }, (_, index) => ({
    id: index,
    name: `vpc-${index}`,
    description: "a network of mine",
  })),
})
export const post = {
  method: "POST",
  url: `${origin}${path}`,
  headers: { ...headers, "content-type": "application/json" },
  body: json,
}
