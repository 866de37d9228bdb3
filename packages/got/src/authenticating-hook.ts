/** Set on a hook that authenticates, even one of another copy of this package. */
const authenticates = Symbol.for("@countersign/got/authenticates")

export function markAsAuthenticating<H extends object>(hook: H): H {
  return Object.assign(hook, { [authenticates]: true })
}

/**
 * Whether a running hook is the one to authenticate: the last of its kind in the list, and the last of all. If other hooks
 * follow it, it is appended and so called again at the end, because got is still walking the list.
 */
export function isLastToAuthenticate<H extends object>(hook: H, hooks: H[]): boolean {
  if (hooks.findLast((one) => authenticates in one) !== hook) return false
  if (hooks.at(-1) !== hook) {
    hooks.push(hook)
    return false
  }
  // Later attempts get a copy of the list.
  const first = hooks.indexOf(hook)
  if (first < hooks.length - 1) hooks.splice(first, 1)
  return true
}
