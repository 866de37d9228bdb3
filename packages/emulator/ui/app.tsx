import { useSignal } from "@preact/signals"
import type { ComponentType } from "preact"
import { AccountsPanel } from "./accounts-panel.tsx"
import { message } from "./announce.ts"
import { ControlsPanel } from "./controls-panel.tsx"
import { IamPanel } from "./iam-panel.tsx"
import { type Connection, connect, connection } from "./live.ts"
import { RequestsPanel } from "./requests-panel.tsx"
import { ThemeChoice } from "./theme-choice.tsx"

interface Panel {
  readonly name: string
  readonly Content: ComponentType
}

const PANELS: readonly [Panel, ...Panel[]] = [
  { name: "Requests", Content: RequestsPanel },
  { name: "IAM time line", Content: IamPanel },
  { name: "Accounts", Content: AccountsPanel },
  { name: "Faults and clock", Content: ControlsPanel },
]

const CONNECTION_WORDS: Readonly<Record<Connection, string>> = {
  connecting: "Connecting",
  live: "Live",
  paused: "Paused",
  lost: "The emulator does not answer",
}

export function App() {
  const open = useSignal(0)
  const { Content, name } = PANELS[open.value] ?? PANELS[0]
  const show = (index: number): void => {
    open.value = (index + PANELS.length) % PANELS.length
    document.querySelector<HTMLElement>(`#tab-${open.value}`)?.focus()
  }
  return (
    <>
      <header class="top">
        <h1>Countersign emulator</h1>
        <code>{location.origin}</code>
        <output class={`connection ${connection.value}`}>{CONNECTION_WORDS[connection.value]}</output>
        {connection.value === "lost" && (
          <button type="button" onClick={connect}>
            Connect again
          </button>
        )}
        <ThemeChoice />
      </header>
      <main>
        <div
          role="tablist"
          aria-label="Views"
          class="tabs"
          onKeyDown={({ key }) => {
            if (key === "ArrowRight") show(open.value + 1)
            if (key === "ArrowLeft") show(open.value - 1)
          }}
        >
          {PANELS.map((panel, index) => (
            <button
              key={panel.name}
              type="button"
              role="tab"
              id={`tab-${index}`}
              aria-selected={index === open.value}
              aria-controls="panel"
              tabIndex={index === open.value ? 0 : -1}
              onClick={() => show(index)}
            >
              {panel.name}
            </button>
          ))}
        </div>
        <div id="panel" role="tabpanel" aria-label={name}>
          <Content />
        </div>
      </main>
      <footer>
        <output>{message.value}</output>
      </footer>
    </>
  )
}
