/** The options of a search that are functions. The configuration could only pass them as text, which the site's policy forbids. */
export const searchOptions = {
  /** The letters that may differ. Long words are names, and short ones have too many neighbours. */
  fuzzy(term: string): number | false {
    return term.length > 3 && term.length < 8 ? 1 : false
  },
  /** Puts pages that explain above the members of the API. */
  boostDocument(id: string): number {
    if (/\/(?:guides\/|start(?:#|$)|troubleshooting(?:#|$))/.test(id)) return 3
    return id.includes("/api/") ? 0.5 : 1
  },
}
