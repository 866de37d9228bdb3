import type { AxiosAdapter, InternalAxiosRequestConfig } from "axios"
import { axiosOf } from "./axios-of.ts"

/** What is known of an adapter: one of axios' own, or the caller's. */
export type AdapterKind = "http" | "fetch" | "other"

/**
 * The kind of an adapter, and the adapter to send authenticated requests through: in place of xhr, which follows redirects
 * with all headers and cannot be told otherwise, it is fetch.
 */
export function adapterKind(adapter: AxiosAdapter, config: InternalAxiosRequestConfig): [AdapterKind, AxiosAdapter] {
  const name: unknown = Reflect.get(adapter, "adapterName")
  if (name === "http") return ["http", adapter]
  if (name !== "xhr" && typeof fetch !== "function") return ["other", adapter]
  const fetchAdapter = axiosOf(config).getAdapter("fetch", config)
  return name === "xhr" || adapter === fetchAdapter ? ["fetch", fetchAdapter] : ["other", adapter]
}
