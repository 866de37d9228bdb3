import type { AxiosRequestTransformer, InternalAxiosRequestConfig } from "axios"
import { exactBody } from "./request-body.ts"

/** On a transformation of this package. */
const own = Symbol("own")

/** Ahead of all transformations of the caller's and of axios. */
export const sendExactBody: AxiosRequestTransformer = Object.assign((data: unknown) => exactBody(data), { [own]: true })

/**
 * The same, but calls an interceptor first: axios passes over those that remain when one before them throws, and sends the
 * request all the same where that one's own handler lets it.
 */
export function interceptedLate(interceptor: (config: InternalAxiosRequestConfig) => unknown): AxiosRequestTransformer {
  const transform: AxiosRequestTransformer = function (data) {
    interceptor(this)
    return exactBody(data)
  }
  return Object.assign(transform, { [own]: true })
}

/** Without those of this package. */
export function callersTransforms({ transformRequest = [] }: InternalAxiosRequestConfig): AxiosRequestTransformer[] {
  const all = Array.isArray(transformRequest) ? transformRequest : [transformRequest]
  return all.filter((transform) => !(own in transform))
}
