/** Whether it is a Request, also one of another library. */
export function isRequest(input: string | URL | Request): input is Request {
  return typeof input === "object" && "url" in input
}
