/** A variable of the process; `undefined` when it is unset or blank, and where there is no process to ask. */
export function environmentVariable(name: string): string | undefined {
  try {
    const value = globalThis.process?.env?.[name]?.trim()
    return value === "" ? undefined : value
  } catch {
    // Deno without permission to read the environment.
    return undefined
  }
}
