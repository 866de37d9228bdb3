import {
  elementScroll,
  observeElementOffset,
  observeElementRect,
  Virtualizer,
  type VirtualizerOptions,
} from "@tanstack/virtual-core"
import { useLayoutEffect, useReducer, useState } from "preact/hooks"

type Options = VirtualizerOptions<HTMLElement, HTMLElement>

/** TanStack Virtual for Preact: renders again whenever other rows come into view. */
export function useVirtualRows(
  options: Omit<Options, "observeElementRect" | "observeElementOffset" | "scrollToFn" | "onChange">,
): Virtualizer<HTMLElement, HTMLElement> {
  const [, renderAgain] = useReducer((times: number) => times + 1, 0)
  const complete: Options = {
    ...options,
    observeElementRect,
    observeElementOffset,
    scrollToFn: elementScroll,
    onChange: () => renderAgain(undefined),
  }
  const [rows] = useState(() => new Virtualizer(complete))
  rows.setOptions(complete)
  useLayoutEffect(() => rows._didMount(), [rows])
  useLayoutEffect(() => rows._willUpdate())
  return rows
}
