/** Runs something that must fail, and returns its error. */
export function failureOf(run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    return error
  }
  throw new Error("It did not fail.")
}
