import { act } from "./announce.ts"

/** Copies a text; `name` says which. */
export function CopyButton({ name, text }: { name: string; text: string }) {
  return (
    <button
      type="button"
      class="small"
      aria-label={`Copy ${name}`}
      onClick={() => act(() => navigator.clipboard.writeText(text), `${name} is on the clipboard.`)}
    >
      Copy
    </button>
  )
}
