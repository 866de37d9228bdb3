import type { Row } from "./row.ts"

/** The figure of a row, with the spread of its rounds. */
export function figure({ value, unit, spread }: Row): string {
  const shown =
    unit === "calls" && value === 1
      ? "1 call"
      : `${unit === "calls" ? value.toLocaleString("en") : number(value)}${unit === "x" ? " x" : ` ${unit}`}`
  return spread === undefined ? shown : `${shown} (${spread.map(number).join(" to ")})`
}

/** The target of a row, or an empty string. */
export function bound({ target, unit }: Row): string {
  if (target === undefined) return ""
  const [sign, value] = "atMost" in target ? ["<=", target.atMost] : [">=", target.atLeast]
  return `${sign} ${value.toLocaleString("en")} ${unit}`
}

/** A duration in a readable unit. */
export function time(nanoseconds: number): string {
  if (nanoseconds < 1_000) return `${nanoseconds.toFixed(0)} ns`
  if (nanoseconds < 1_000_000) return `${(nanoseconds / 1_000).toFixed(2)} µs`
  return `${(nanoseconds / 1_000_000).toFixed(2)} ms`
}

/** Rounds to the digits that are significant. */
function number(value: number): string {
  const size = Math.abs(value)
  return size >= 1_000 ? Math.round(value).toLocaleString("en") : value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2)
}
