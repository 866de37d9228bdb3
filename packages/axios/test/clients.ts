import axios, { type AxiosStatic } from "axios"
import oldest from "axios-1.7"

/** The newest and the oldest axios that are supported. Their types differ in what no test here touches. */
export const clients: readonly (readonly [name: string, client: AxiosStatic, adapter: "http" | "fetch"])[] = [
  ["axios 1.21, http", axios, "http"],
  ["axios 1.21, fetch", axios, "fetch"],
  ["axios 1.7, http", oldest as unknown as AxiosStatic, "http"],
  ["axios 1.7, fetch", oldest as unknown as AxiosStatic, "fetch"],
]
