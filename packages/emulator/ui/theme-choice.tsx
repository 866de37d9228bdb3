import { effect, signal } from "@preact/signals"

const THEMES = { system: "As the system", light: "Light", dark: "Dark" } as const

type Theme = keyof typeof THEMES

const KEPT_AS = "countersign-theme"

const theme = signal(themeOf(localStorage.getItem(KEPT_AS)))

effect(() => {
  document.documentElement.dataset.theme = theme.value
  localStorage.setItem(KEPT_AS, theme.value)
})

export function ThemeChoice() {
  return (
    <label class="theme">
      Colours{" "}
      <select
        value={theme.value}
        onChange={({ currentTarget }) => {
          theme.value = themeOf(currentTarget.value)
        }}
      >
        {Object.entries(THEMES).map(([value, words]) => (
          <option key={value} value={value}>
            {words}
          </option>
        ))}
      </select>
    </label>
  )
}

function themeOf(value: string | null): Theme {
  return value === "light" || value === "dark" ? value : "system"
}
