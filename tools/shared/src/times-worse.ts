/** The ratio of a figure to the published one; below 1 it is better. */
export function timesWorse(published: number, now: number, better: "less" | "more"): number {
  // Zero has no multiple.
  if (now === published) return 1
  return better === "less" ? now / published : published / now
}
