/**
 * The same function, remembering its last result: called again with an equal input, it gives that at once. A failure is not
 * remembered.
 *
 * Make one per signer, plan or guard, never one for the module, and only where a measurement shows that it pays.
 */
export function rememberLast<Input, Result>(
  make: (input: Input) => Result,
  isEqual: (a: Input, b: Input) => boolean = Object.is,
): (input: Input) => Result {
  let last: { readonly input: Input; readonly result: Result } | undefined
  return (input) => {
    if (last === undefined || !isEqual(last.input, input)) last = { input, result: make(input) }
    return last.result
  }
}
