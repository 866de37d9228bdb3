import { defaultRangeExtractor } from "@tanstack/virtual-core"
import { useRef } from "preact/hooks"
import type { RequestSummary } from "../src/view/record.ts"
import { useVirtualRows } from "./use-virtual-rows.ts"
import { clientOf, isRefused, timeOfDay, verdictWords, whoOf } from "./words.ts"

const ROW_PIXELS = 28

const COLUMNS = ["Time", "Method", "Target", "Status", "Verdict", "Who", "Client", "ms"] as const

interface RequestListProps {
  label: string
  requests: readonly RequestSummary[]
  /** Id of the one that is shown in full. */
  selected: number | undefined
  onSelect: (id: number) => void
  /** Enter was pressed on a row. */
  onOpen: () => void
}

/** A grid of which only the rows in view are in the document. The arrow keys move from row to row. */
export function RequestList({ label, requests, selected, onSelect, onOpen }: RequestListProps) {
  const scroller = useRef<HTMLDivElement>(null)
  const active = requests.findIndex(({ id }) => id === selected)
  const rows = useVirtualRows({
    count: requests.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PIXELS,
    getItemKey: (index) => requests[index]?.id ?? index,
    // Below the header, which stays in view.
    scrollPaddingStart: ROW_PIXELS,
    paddingStart: ROW_PIXELS,
    overscan: 8,
    anchorTo: "end",
    followOnAppend: true,
    // The selected row stays in the document, since the grid points to it.
    rangeExtractor: (range) => {
      const indexes = defaultRangeExtractor(range)
      return active < 0 || indexes.includes(active) ? indexes : [...indexes, active].toSorted((a, b) => a - b)
    },
  })

  const move = (index: number): void => {
    const target = Math.min(Math.max(0, index), requests.length - 1)
    const request = requests[target]
    if (request === undefined) return
    onSelect(request.id)
    rows.scrollToIndex(target)
  }
  const page = Math.max(1, Math.floor((rows.scrollRect?.height ?? 0) / ROW_PIXELS) - 2)
  const moves: Record<string, () => void> = {
    ArrowDown: () => move(active + 1),
    ArrowUp: () => move(active < 0 ? requests.length - 1 : active - 1),
    PageDown: () => move(active + page),
    PageUp: () => move(active - page),
    Home: () => move(0),
    End: () => move(requests.length - 1),
    Enter: onOpen,
  }
  return (
    <div ref={scroller} class="scroller">
      <table
        // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: ARIA makes a table interactive by this very role.
        role="grid"
        tabIndex={0}
        aria-label={label}
        aria-rowcount={requests.length + 1}
        aria-activedescendant={active < 0 ? undefined : `row-${selected}`}
        onKeyDown={(event) => {
          const act = moves[event.key]
          if (act === undefined) return
          event.preventDefault()
          act()
        }}
      >
        <thead>
          <tr class="row" aria-rowindex={1}>
            {COLUMNS.map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody style={{ height: `${rows.getTotalSize() - ROW_PIXELS}px` }}>
          {rows.getVirtualItems().map(({ key, index, start }) => {
            const request = requests[index]
            if (request === undefined) return null
            return (
              <Row
                key={key}
                request={request}
                index={index}
                top={start - ROW_PIXELS}
                isSelected={index === active}
                onSelect={onSelect}
              />
            )
          })}
        </tbody>
      </table>
    </div>
  )
}

interface RowProps {
  request: RequestSummary
  index: number
  top: number
  isSelected: boolean
  onSelect: (id: number) => void
}

function Row({ request, index, top, isSelected, onSelect }: RowProps) {
  const { id, time, method, target, client, status, durationMs } = request
  const kind = isRefused(request) ? "refused" : request.verdict === undefined ? "waiting" : "accepted"
  return (
    <tr
      id={`row-${id}`}
      class={`row ${kind}`}
      aria-rowindex={index + 2}
      aria-selected={isSelected}
      style={{ transform: `translateY(${top}px)` }}
      onClick={() => onSelect(id)}
    >
      <td>{timeOfDay(time)}</td>
      <td>{method}</td>
      <td title={target}>{target}</td>
      <td>{status ?? (durationMs === undefined ? "…" : "none")}</td>
      <td class="verdict" title={request.verdict}>
        {verdictWords(request)}
      </td>
      <td title={whoOf(request)}>{whoOf(request)}</td>
      <td title={client}>{clientOf(request)}</td>
      <td>{durationMs}</td>
    </tr>
  )
}
