import { useRef, useState } from "preact/hooks"
import type { RequestSummary } from "../src/view/record.ts"
import { RequestDetail } from "./request-detail.tsx"
import { RequestList } from "./request-list.tsx"

interface RequestsWithDetailProps {
  label: string
  requests: readonly RequestSummary[]
}

/** A list, and beside it the request that is selected there. */
export function RequestsWithDetail({ label, requests }: RequestsWithDetailProps) {
  const [selected, setSelected] = useState<number | undefined>(undefined)
  const [opened, setOpened] = useState(0)
  const list = useRef<HTMLDivElement>(null)
  const request = requests.find(({ id }) => id === selected)
  const close = (): void => {
    setSelected(undefined)
    setOpened(0)
    list.current?.querySelector<HTMLElement>("[role=grid]")?.focus()
  }
  return (
    <div class={request === undefined ? "panes" : "panes with-detail"}>
      <div class="pane" ref={list}>
        {requests.length === 0 && (
          <p class="empty">Nothing yet. Send a request to the emulator: it shows here at once.</p>
        )}
        <RequestList
          label={label}
          requests={requests}
          selected={selected}
          onSelect={setSelected}
          onOpen={() => setOpened((times) => times + 1)}
        />
      </div>
      {request !== undefined && <RequestDetail request={request} opened={opened} onClose={close} />}
    </div>
  )
}
