/** Whether it is a Request, also one of another library. */
export function isRequest(input: string | URL | Request): input is Request {
  return typeof input === "object" && "url" in input
}

/** The class to make another Request like this one of. */
export function requestClass(request: Request): typeof Request {
  return request instanceof Request ? Request : ((request as object).constructor as typeof Request)
}
