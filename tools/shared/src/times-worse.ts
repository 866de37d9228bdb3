/** How many times as bad a figure is as the published one; below 1 it is better. */
export function timesWorse(published: number, now: number, better: "less" | "more"): number {
  // Nothing has no multiple.
  if (now === published) return 1
  return better === "less" ? now / published : published / now
}
