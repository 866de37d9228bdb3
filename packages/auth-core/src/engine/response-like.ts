/** What the engine needs of a client's response; a fetch Response fits as it is. */
export interface ResponseLike {
  readonly status: number
  readonly headers: { get(name: string): unknown }
  /** `opaqueredirect` where a browser hides a redirect, as in a Response. */
  readonly type?: string | undefined
  /** Text of the body, left readable for the caller; `undefined` when it cannot be had so. */
  peek?(): string | undefined | Promise<string | undefined>
  /** Frees the connection of a response that nobody will read. */
  discard?(): void | Promise<void>
}

/** Whether nothing comes after it. */
export function isLast(response: ResponseLike): boolean {
  const { status } = response
  return status >= 200 && (status < 300 || (!isRedirect(response) && !isRejection(response)))
}

/** Whether it sends the client elsewhere. */
export function isRedirect({ status }: ResponseLike): boolean {
  return [301, 302, 303, 307, 308].includes(status)
}

/** Whether it refuses the authentication, or who was authenticated. */
export function isRejection({ status }: ResponseLike): boolean {
  return status === 401 || status === 403
}
