import { signal } from "@preact/signals"

/** The last message to the reader: shown at the foot of the page, and read out. */
export const message = signal("")

function announce(text: string): void {
  message.value = text
}

/** Runs some work, and says how it went. */
export function act(work: () => Promise<unknown>, done: string): void {
  work().then(
    () => announce(done),
    (error: unknown) => announce(`That did not work: ${error instanceof Error ? error.message : String(error)}`),
  )
}
