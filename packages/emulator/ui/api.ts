/** Asks a control route; the address is relative to the page. */
export async function call<T>(method: "GET" | "POST" | "PUT" | "DELETE", path: string, body?: object): Promise<T> {
  const response = await fetch(path, { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) })
  const text = await response.text()
  const answer: T & { error?: string } = text === "" ? {} : JSON.parse(text)
  if (!response.ok) throw new Error(answer.error ?? `The emulator answered ${response.status}.`)
  return answer
}
